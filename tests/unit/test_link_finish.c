/* tests/unit/test_link_finish.c - history, link scripts, activation and install, over packages
 * that stand in this file instead of archives. */
#include "builder/link.h"
#include "builder/sandbox.h"
#include "specs/base/fs.h"
#include <dirent.h>
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <sys/stat.h>

#include <cmocka.h>

/* --- packages ------------------------------------------------------------------------ */

struct fake_file {
	const char *path, *text; /* text NULL: a directory; starts with "->": a symlink */
};
enum { FILES = 8 };
struct fake {
	const char *name, *depends;
	struct fake_file files[FILES];
};

static const struct fake *fakes; /* those of the plan */
static const char *fails;	 /* name of the package that cannot be linked */

int link_package(const struct link_plan *p, size_t i, struct sink *to, struct err **e)
{
	(void)p;
	for (const struct fake_file *f = fakes[i].files; f->path; f++) {
		bool link = f->text && strncmp(f->text, "->", 2) == 0;
		struct entry entry = {
			.kind = !f->text ? ENTRY_DIR
				: link	 ? ENTRY_SYMLINK
					 : ENTRY_FILE,
			.path = f->path,
			.target = link ? f->text + 2 : NULL,
			.mode = strstr(f->path, ".sh") || !f->text ? 0755 : 0644,
			.mtime = 5,
			.size = f->text && !link ? strlen(f->text) : 0,
		};
		int code = to->entry(to, &entry, e);
		if (code == 0 && entry.size)
			code = to->data(to, f->text, entry.size, e);
		if (code < 0)
			return code;
	}
	if (fails && strcmp(fakes[i].name, fails) == 0)
		return err_set(e, ERR_CORRUPT, "%s is broken", fails);
	return 0;
}

static struct arena *paths_arena;

struct strs link_paths(const struct link_plan *p, size_t i)
{
	(void)p;
	struct str *v = arena_zero(paths_arena, FILES, sizeof(*v));
	size_t n = 0;
	for (; fakes[i].files[n].path; n++)
		v[n] = str_of(fakes[i].files[n].path);
	return (struct strs){v, n};
}

void link_identity(const struct link_plan *p, size_t i, struct digest *out)
{
	(void)p;
	digest_of(fakes[i].name, strlen(fakes[i].name), out);
}

/* --- a plan of them ------------------------------------------------------------------ */

struct notes {
	struct log log;
	struct buf text;
};

static void note(struct log *l, const char *text)
{
	buf_printf(&((struct notes *)l)->text, "%s\n", text);
}

static void note_nothing(struct log *l, const char *text)
{
	(void)l, (void)text;
}

struct scene {
	char *folder;
	struct arena arena;
	struct notes notes;
	struct link_plan plan;
	struct link_environment env;
};

static int set_up(void **state)
{
	struct scene *s = mem_zero(1, sizeof(*s));
	*state = s;
	s->notes.log = (struct log){.warn = note, .info = note_nothing};
	s->notes.text = (struct buf)BUF(1 << 20);
	paths_arena = &s->arena;
	fails = NULL;
	return fs_temp_dir("/tmp", &s->folder, NULL);
}

static int tear_down(void **state)
{
	struct scene *s = *state;
	fs_remove(s->folder, NULL);
	free(s->folder);
	buf_done(&s->notes.text);
	arena_done(&s->arena);
	free(s);
	return 0;
}

static void plan(struct scene *s, const struct fake *packages, size_t count)
{
	struct record *records = arena_zero(&s->arena, count, sizeof(*records));
	fakes = packages;
	s->plan = (struct link_plan){
		.options = {.prefix = "/opt/env",
			    .cache = arena_printf(&s->arena, "%s/cache", s->folder).p,
			    .jobs = 2,
			    .bytecode = true,
			    .log = &s->notes.log},
		.records = records,
		.count = count,
		.newest = 1000,
	};
	for (size_t i = 0; i < count; i++) {
		records[i] = (struct record){.name = str_of(packages[i].name),
					     .version_text = STR("1.5"),
					     .build = STR("h_7"),
					     .build_number = 7,
					     .channel = STR("c"),
					     .subdir = STR("noarch")};
		struct str *depends = arena_zero(&s->arena, 1, sizeof(*depends));
		*depends = str_of(packages[i].depends);
		records[i].depends = (struct strs){depends, packages[i].depends ? 1 : 0};
		for (const struct fake_file *f = packages[i].files; f->path; f++)
			s->plan.has_scripts |= strstr(f->path, "-link.sh") != NULL;
	}
}

static void need_sandbox(void)
{
	if (sandbox_check(NULL) < 0)
		skip();
}

/* --- a sink that writes down --------------------------------------------------------- */

struct paper {
	struct sink sink;
	struct buf text;
};

static int paper_entry(struct sink *s, const struct entry *entry, struct err **e)
{
	static const char *const kinds[] = {"file", "link", "hard", "dir", "removed"};
	(void)e;
	struct buf *b = &((struct paper *)s)->text;
	if (b->n && b->data[b->n - 1] != '\n')
		buf_add_char(b, '\n');
	buf_printf(b, "%s %s %o %lld %s", kinds[entry->kind], entry->path, entry->mode,
		   (long long)entry->mtime, entry->target ? entry->target : "");
	return 0;
}

static int paper_data(struct sink *s, const void *p, size_t n, struct err **e)
{
	(void)e;
	buf_add(&((struct paper *)s)->text, p, n);
	return 0;
}

static void paper_done(struct paper *p)
{
	buf_done(&p->text);
}
AUTO_DEFINE_VALUE(struct paper, paper_done)
#define PAPER                                                                                      \
	{                                                                                          \
		{paper_entry, paper_data}, BUF(1 << 20)                                            \
	}

static void finish(struct scene *s, struct paper *out)
{
	AUTO(err_free) struct err *e = NULL;
	if (link_finish(&s->plan, &s->env, &out->sink, &e) < 0)
		fail_msg("%s", err_line(e));
}

/* Nothing of ours may stay in the cache. */
static void assert_no_trees(const struct scene *s)
{
	struct buf path = BUF(1000);
	buf_printf(&path, "%s/cache/trees", s->folder);
	AUTO(free) char *trees = buf_take(&path);
	assert_true(rmdir(trees) == 0 || errno == ENOENT);
}

/* --- finishing ----------------------------------------------------------------------- */

static void writes_history_and_state(void **state)
{
	static const struct fake packages[] = {{"a", NULL, {{"share/a", "x"}}}};
	struct scene *s = *state;
	AUTO(paper_done) struct paper out = PAPER;
	struct definition_variable variable = {STR("V"), STR("1")};
	struct str spec = STR("a >=1");
	plan(s, packages, 1);
	s->env = (struct link_environment){{&spec, 1}, &variable, 1};
	finish(s, &out);
	assert_string_equal(out.text.data,
			    "file conda-meta/history 644 1000 ==> 1970-01-01 00:16:40 <==\n"
			    "# cmd: kiln\n+c/noarch::a-1.5-h_7\n# update specs: ['a >=1']\n"
			    "file conda-meta/state 644 1000 "
			    "{\"version\":1,\"env_vars\":{\"V\":\"1\"}}\n");
	assert_no_trees(s);
}

static const char *after_history(const struct paper *out)
{
	const char *line = strstr(out->text.data, "+c/noarch::");
	while (line && strncmp(line, "+c/", 3) == 0)
		line = strchr(line, '\n') + 1;
	return line;
}

static const struct fake with_post_link[] = {
	{"base", NULL, {{"share/kept", "k"}, {"share/edited", "old"}, {"share/gone", "g"}}},
	{"late",
	 "base",
	 {{"bin/.late-post-link.sh", "set -e\n"
				     "cd \"$PREFIX\"\n"
				     "echo \"$PKG_NAME $PKG_VERSION $PKG_BUILDNUM\" >z\n"
				     "printf new >share/edited\n"
				     "rm share/gone\n"
				     "ln -s share/kept a-link\n"
				     "mkdir -p new/empty new/full new/private\n"
				     "chmod 700 new/private\n"
				     "printf x >new/full/x\n"
				     "chmod 4750 new/full/x\n"
				     "mkfifo new/fifo\n"
				     "echo 'late: configured' >>.messages.txt\n"},
	  {"share/late", "l"},
	  {"own/folder", NULL}}},
};

static void emits_what_post_link_scripts_change(void **state)
{
	struct scene *s = *state;
	AUTO(paper_done) struct paper out = PAPER;
	need_sandbox();
	plan(s, with_post_link, 2);
	finish(s, &out);
	assert_string_equal(after_history(&out), "link a-link 777 1000 share/kept\n"
						 "dir new/empty 755 1000 \n"
						 "file new/full/x 4750 1000 x\n"
						 "dir new/private 700 1000 \n"
						 "file share/edited 644 1000 new\n"
						 "file z 644 1000 late 1.5 7\n"
						 "removed share/gone 644 1000 ");
	assert_non_null(strstr(s->notes.text.data, "late: late: configured\n"));
	assert_non_null(strstr(s->notes.text.data, "new/fifo, which no image can hold"));
	assert_no_trees(s);
}

static void gives_the_same_entries_each_time(void **state)
{
	struct scene *s = *state;
	AUTO(paper_done) struct paper first = PAPER;
	AUTO(paper_done) struct paper again = PAPER;
	need_sandbox();
	plan(s, with_post_link, 2);
	finish(s, &first);
	finish(s, &again);
	assert_string_equal(first.text.data, again.text.data);
}

static void a_failing_script_ends_it_with_its_words(void **state)
{
	static const struct fake packages[] = {
		{"sad", NULL, {{"bin/.sad-post-link.sh", "echo why >&2\nexit 7\n"}}}};
	struct scene *s = *state;
	AUTO(paper_done) struct paper out = PAPER;
	AUTO(err_free) struct err *e = NULL;
	need_sandbox();
	plan(s, packages, 1);
	assert_int_equal(link_finish(&s->plan, &s->env, &out.sink, &e), ERR_FAILED);
	assert_string_equal(e->text, "the post-link script of sad failed with status 7: why");
	assert_no_trees(s);
}

static void a_pre_link_script_runs_before_its_package_is_linked(void **state)
{
	static const struct fake packages[] = {
		{"dep", NULL, {{"share/dep", "d"}}},
		{"pre",
		 "dep",
		 {{"bin/.pre-pre-link.sh", "set -e\n"
					   "test -f \"$PREFIX/share/dep\"\n"
					   "test ! -e \"$PREFIX/share/pre\"\n"
					   "test -f \"$SOURCE_DIR/share/pre\"\n"
					   "printf mine >\"$PREFIX/share/pre\"\n"
					   "printf more >\"$PREFIX/share/more\"\n"
					   "printf touched >\"$PREFIX/share/dep\"\n"},
		  {"share/pre", "the package's"}}},
		{"z", "pre", {{"share/z", "z"}}},
	};
	struct scene *s = *state;
	AUTO(paper_done) struct paper out = PAPER;
	need_sandbox();
	plan(s, packages, 3);
	finish(s, &out);
	assert_string_equal(after_history(&out), "file share/dep 644 1000 touched"
						 "\nfile share/more 644 1000 more");
	assert_no_trees(s);
}

static void scripts_reach_nothing_through_links(void **state)
{
	static const struct fake packages[] = {
		{"evil",
		 NULL,
		 {{"bin/.evil-post-link.sh", "cd \"$PREFIX\"\n"
					     "ln -s /etc etc\n"
					     "ln -s /etc/hostname .messages.txt\n"}}}};
	struct scene *s = *state;
	AUTO(paper_done) struct paper out = PAPER;
	need_sandbox();
	plan(s, packages, 1);
	finish(s, &out);
	assert_string_equal(after_history(&out), "link etc 777 1000 /etc");
	assert_string_equal(s->notes.text.data, "");
}

/* --- activation ---------------------------------------------------------------------- */

static void activation_gives_its_variables(void **state)
{
	static const struct fake packages[] = {
		{"tool", NULL, {{"bin/tool.sh", "#!/bin/sh\necho said\n"}}},
		{"none", NULL, {{"share/none", "x"}}},
		{"a",
		 "tool",
		 {{"etc/conda/env_vars.d/a.json",
		   "{\"A\": \"from a\", \"B\": \"1\", \"GONE\": \"x\", \"PATH\": \"/evil\"}"},
		  {"etc/conda/env_vars.d/b.json", "{\"B\": \"2\", \"GONE\": \"***unset***\"}"},
		  {"etc/conda/activate.d/a.sh",
		   "export HOME_OF_A=\"$CONDA_PREFIX/share\" SEEN=\"$A\" TOLD=$(tool.sh)\n"
		   "not_exported=1\n"
		   "export LINES='one\ntwo' CONDA_BACKUP_X=\n"
		   "export PATH=\"$CONDA_PREFIX/more:$PATH\"\n"
		   "echo noise\n"
		   "[ -e \"$CONDA_PREFIX/share/none\" ] && export NONE=1\n"
		   "f() { :; }\n"
		   "export -f f 2>/dev/null\n"},
		  {"etc/conda/activate.d/b.sh", "export LAST=\"$HOME_OF_A\"; unset A; exit 0\n"},
		  {"etc/conda/activate.d/c.sh", "export NEVER=1\n"},
		  {"etc/conda/activate.d/d.fish", "set x\n"}}},
	};
	struct scene *s = *state;
	AUTO(arena_done) struct arena arena = ARENA;
	AUTO(buf_done) struct buf text = BUF(10000);
	AUTO(err_free) struct err *e = NULL;
	struct strs out;
	bool spoke;
	need_sandbox();
	plan(s, packages, 3);
	if (link_activation(&s->plan, &arena, &out, &spoke, &e) < 0)
		fail_msg("%s", err_line(e));
	for (size_t i = 0; i < out.n; i++)
		buf_printf(&text, "%.*s;", STR_ARG(out.v[i]));
	assert_string_equal(text.data, "B=2;HOME_OF_A=/opt/env/share;LAST=/opt/env/share;"
				       "LINES=one\ntwo;SEEN=from a;TOLD=said;");
	assert_non_null(strstr(s->notes.text.data, "activation makes PATH \"/opt/env/more:"));
	assert_true(spoke);
	assert_no_trees(s);
}

static void activation_of_plain_packages_is_nothing(void **state)
{
	static const struct fake packages[] = {
		{"a", NULL, {{"etc/conda/activate.d/deeper/x.sh", ""}, {"share/x.sh", ""}}}};
	struct scene *s = *state;
	AUTO(arena_done) struct arena arena = ARENA;
	struct strs out = {NULL, 9};
	bool spoke;
	struct digest of;
	plan(s, packages, 1);
	assert_int_equal(link_activation(&s->plan, &arena, &out, &spoke, NULL), 0);
	assert_int_equal(out.n, 0);
	assert_false(spoke);
	assert_false(link_activation_identity(&s->plan, &of));
}

static void activation_depends_on_the_packages_that_set_something(void **state)
{
	static const struct fake packages[] = {
		{"a", NULL, {{"etc/conda/env_vars.d/a.json", "{\"A\": \"1\"}"}}},
		{"b", NULL, {{"share/b", "b"}}},
		{"c", NULL, {{"etc/conda/env_vars.d/c.json", "{\"C\": \"1\"}"}}},
	};
	struct scene *s = *state;
	struct digest of[3];
	for (size_t i = 0; i < 3; i++) {
		plan(s, packages, i + 1);
		assert_true(link_activation_identity(&s->plan, &of[i]));
	}
	assert_true(digest_eq(&of[0], &of[1]));
	assert_false(digest_eq(&of[0], &of[2]));
}

static void activation_files_that_are_no_json_are_named(void **state)
{
	static const struct fake packages[] = {{"a", NULL, {{"etc/conda/env_vars.d/a.json", "{"}}}};
	struct scene *s = *state;
	AUTO(arena_done) struct arena arena = ARENA;
	AUTO(err_free) struct err *e = NULL;
	struct strs out;
	bool spoke;
	plan(s, packages, 1);
	assert_int_equal(link_activation(&s->plan, &arena, &out, &spoke, &e), ERR_CORRUPT);
	AUTO(free) char *line = err_line(e);
	assert_non_null(strstr(line, "etc/conda/env_vars.d/a.json"));
	assert_no_trees(s);
}

/* --- installing ---------------------------------------------------------------------- */

static const struct fake two[] = {
	{"one", NULL, {{"share/one", "1"}, {"bin/link", "->../share/one"}}},
	{"two", "one", {{"share/two", "2"}}},
};

static char *below(struct scene *s, const char *path)
{
	return (char *)arena_printf(&s->arena, "%s/%s", s->folder, path).p;
}

static void put(struct scene *s, const char *path, const char *text)
{
	AUTO(free) char *folder = mem_text(below(s, path));
	*strrchr(folder, '/') = 0;
	assert_int_equal(fs_make_dirs(folder, 0755, NULL), 0);
	assert_int_equal(fs_write(below(s, path), str_of(text), 0644, NULL), 0);
}

static bool is_there(struct scene *s, const char *path)
{
	return access(below(s, path), F_OK) == 0;
}

static size_t count_names(const char *path)
{
	DIR *dir = opendir(path);
	size_t n = 0;
	while (dir && readdir(dir))
		n++;
	closedir(dir);
	return n - 2;
}

static void installs_into_a_new_or_empty_folder(void **state)
{
	static const char *const rows[] = {"new", "deep/er/new", "empty", "slash//"};
	struct scene *s = *state;
	plan(s, two, 2);
	assert_int_equal(mkdir(below(s, "empty"), 0700), 0);
	for (size_t i = 0; i < COUNT(rows); i++) {
		AUTO(err_free) struct err *e = NULL;
		if (link_install(&s->plan, &s->env, below(s, rows[i]), &e) < 0)
			fail_msg("%s", err_line(e));
		struct stat st;
		assert_int_equal(stat(below(s, rows[i]), &st), 0);
		assert_int_equal(st.st_mode & 07777, 0755);
		assert_int_equal(count_names(below(s, rows[i])), 3); /* bin conda-meta share */
	}
	assert_true(is_there(s, "new/share/two"));
	assert_true(is_there(s, "new/conda-meta/history"));
	assert_int_equal(count_names(s->folder), 4);
}

static void replaces_an_environment_as_a_whole(void **state)
{
	struct scene *s = *state;
	plan(s, two, 2);
	put(s, "env/conda-meta/history", "");
	put(s, "env/old", "");
	assert_int_equal(link_install(&s->plan, &s->env, below(s, "env"), NULL), 0);
	assert_true(is_there(s, "env/share/one"));
	assert_false(is_there(s, "env/old"));
	assert_int_equal(count_names(s->folder), 1);
}

static void refuses_folders_that_hold_something_else(void **state)
{
	struct scene *s = *state;
	plan(s, two, 2);
	put(s, "home/letter", "");
	put(s, "conda/conda-meta/history", "");
	put(s, "conda/envs/x/y", "");
	put(s, "file", "");
	static const struct {
		const char *path;
		int code;
	} rows[] = {{"home", ERR_USAGE}, {"conda", ERR_USAGE}, {"file", ERR_IO}};
	for (size_t i = 0; i < COUNT(rows); i++)
		assert_int_equal(link_install(&s->plan, &s->env, below(s, rows[i].path), NULL),
				 rows[i].code);
	assert_true(is_there(s, "home/letter"));
	assert_true(is_there(s, "conda/envs/x/y"));
	assert_int_equal(count_names(s->folder), 3);
}

static void a_failed_install_leaves_nothing(void **state)
{
	struct scene *s = *state;
	plan(s, two, 2);
	put(s, "env/conda-meta/history", "");
	put(s, "env/old", "");
	fails = "two";
	assert_int_equal(link_install(&s->plan, &s->env, below(s, "new"), NULL), ERR_CORRUPT);
	assert_int_equal(link_install(&s->plan, &s->env, below(s, "env"), NULL), ERR_CORRUPT);
	assert_true(is_there(s, "env/old"));
	assert_int_equal(count_names(s->folder), 1);
}

/* As a volume of a container, which nothing can be renamed to. */
static void fills_an_empty_folder_that_cannot_be_replaced(void **state)
{
	struct scene *s = *state;
	uid_t was = geteuid(), nobody = 65534;
	plan(s, two, 2);
	assert_int_equal(mkdir(below(s, "held"), 0755), 0);
	assert_int_equal(mkdir(below(s, "held/volume"), 0755), 0);
	if (was == 0) {
		assert_int_equal(chown(s->folder, nobody, nobody), 0);
		assert_int_equal(chown(below(s, "held/volume"), nobody, nobody), 0);
		assert_int_equal(seteuid(nobody), 0);
	} else {
		assert_int_equal(chmod(below(s, "held"), 0555), 0);
	}
	int code = link_install(&s->plan, &s->env, below(s, "held/volume"), NULL);
	size_t names = count_names(below(s, "held/volume"));
	static const char *const made[] = {"bin", "conda-meta", "share"};
	for (size_t i = 0; i < COUNT(made); i++) {
		AUTO(free) char *path = fs_join(below(s, "held/volume"), made[i]);
		fs_remove(path, NULL);
	}
	fails = "two";
	int failed = link_install(&s->plan, &s->env, below(s, "held/volume"), NULL);
	size_t left = count_names(below(s, "held/volume"));
	assert_int_equal(seteuid(was), 0);
	assert_int_equal(chmod(below(s, "held"), 0755), 0);
	assert_int_equal(code, 0);
	assert_int_equal(names, 3);
	assert_int_equal(failed, ERR_CORRUPT);
	assert_int_equal(left, 0);
}

static void an_install_runs_scripts_in_place(void **state)
{
	struct scene *s = *state;
	need_sandbox();
	plan(s, with_post_link, 2);
	assert_int_equal(link_install(&s->plan, &s->env, below(s, "env"), NULL), 0);
	assert_true(is_there(s, "env/z"));
	assert_false(is_there(s, "env/share/gone"));
	assert_false(is_there(s, "env/.messages.txt"));
}

static void foreign_scripts_are_left_alone(void **state)
{
	struct scene *s = *state;
	plan(s, with_post_link, 2);
	s->plan.has_scripts = false;
	s->plan.options.foreign = "linux/arm64";
	assert_int_equal(link_install(&s->plan, &s->env, below(s, "env"), NULL), 0);
	assert_true(is_there(s, "env/conda-meta/history"));
	assert_true(is_there(s, "env/share/gone"));
	assert_string_equal(s->notes.text.data, "");
}

/* No program of the package is there to be run, by an emulator say. */
static void foreign_activation_is_the_shells_alone(void **state)
{
	static const struct fake packages[] = {
		{"a",
		 NULL,
		 {{"bin/tool.sh", "#!/bin/sh\necho said\n"},
		  {"etc/conda/activate.d/a.sh",
		   "export HOME_OF_A=\"$CONDA_PREFIX/share\" TOLD=\"$(tool.sh)\"\n"}}},
		{"b",
		 NULL,
		 {{"etc/conda/env_vars.d/b.json", "{\"B\": \"1\"}"},
		  {"etc/conda/activate.d/b.sh", "export NEVER=1; tool.sh || exit 3\n"}}},
	};
	struct scene *s = *state;
	AUTO(arena_done) struct arena arena = ARENA;
	struct strs out;
	bool spoke;
	need_sandbox();
	plan(s, packages, 1);
	s->plan.options.foreign = "linux/arm64";
	assert_int_equal(link_activation(&s->plan, &arena, &out, &spoke, NULL), 0);
	assert_int_equal(out.n, 2);
	assert_true(str_is(out.v[0], "HOME_OF_A=/opt/env/share"));
	assert_true(str_is(out.v[1], "TOLD="));
	plan(s, packages, 2);
	s->plan.options.foreign = "linux/arm64";
	assert_int_equal(link_activation(&s->plan, &arena, &out, &spoke, NULL), 0);
	assert_int_equal(out.n, 1);
	assert_true(str_is(out.v[0], "B=1"));
	assert_non_null(strstr(s->notes.text.data, "fail without programs for linux/arm64"));
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		TEST(writes_history_and_state),
		TEST(emits_what_post_link_scripts_change),
		TEST(gives_the_same_entries_each_time),
		TEST(a_failing_script_ends_it_with_its_words),
		TEST(a_pre_link_script_runs_before_its_package_is_linked),
		TEST(scripts_reach_nothing_through_links),
		TEST(activation_gives_its_variables),
		TEST(activation_of_plain_packages_is_nothing),
		TEST(activation_depends_on_the_packages_that_set_something),
		TEST(activation_files_that_are_no_json_are_named),
		TEST(installs_into_a_new_or_empty_folder),
		TEST(replaces_an_environment_as_a_whole),
		TEST(refuses_folders_that_hold_something_else),
		TEST(a_failed_install_leaves_nothing),
		TEST(fills_an_empty_folder_that_cannot_be_replaced),
		TEST(an_install_runs_scripts_in_place),
		TEST(foreign_scripts_are_left_alone),
		TEST(foreign_activation_is_the_shells_alone),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
