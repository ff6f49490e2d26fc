/* tests/unit/test_link.c - archives made here, linked into a sink that writes a line an entry. */
#include "builder/pack_plan.h"
#include "tests/unit/package_maker.h"
#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#define PH "/placeholder_placeholder" /* 24 bytes; /opt/env is 8 */
#define PAD "~~~~~~~~~~~~~~~~"
#define EMPTY "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"

/* --- a scene of packages ----------------------------------------------------------------- */

enum { PACKAGES = 4, FILES = 12 };

struct package {
	const char *name, *depends, *more; /* more: further keys of index.json */
	const char *paths;		   /* entries of paths.json; ' for " */
	struct made_file files[FILES];
	const char *link;    /* link.json; ' for " */
	const char *version; /* NULL: "1" */
};

struct recorder {
	struct sink sink;
	struct buf text;
};

struct scene {
	char *folder;
	struct arena arena;
	struct log log;
	struct buf warnings;
	struct link_options options;
	struct record records[PACKAGES];
	struct package_file files[PACKAGES];
	struct link_plan plan;
	struct recorder out;
};

static void warn(struct log *l, const char *text)
{
	struct scene *s = (struct scene *)((char *)l - offsetof(struct scene, log));
	buf_printf(&s->warnings, "%s\n", text);
}

static void say_nothing(struct log *l, const char *text)
{
	(void)l, (void)text;
}

static int record_entry(struct sink *sink, const struct entry *entry, struct err **e)
{
	struct recorder *r = (struct recorder *)sink;
	(void)e;
	if (r->text.n && r->text.data[r->text.n - 1] != '\n')
		buf_add_char(&r->text, '\n');
	buf_printf(&r->text, "%c %s %o %lld", "flhd"[entry->kind], entry -> path, entry -> mode,
		   (long long)entry -> mtime);
	if (entry->target)
		buf_printf(&r->text, " -> %s", entry->target);
	if (entry->kind == ENTRY_FILE)
		buf_printf(&r->text, " %llu ", (unsigned long long)entry->size);
	else
		buf_add_char(&r->text, '\n');
	return 0;
}

static int record_data(struct sink *sink, const void *p, size_t n, struct err **e)
{
	struct recorder *r = (struct recorder *)sink;
	const char *text = p;
	(void)e;
	for (size_t i = 0; i < n; i++)
		buf_add_char(&r->text, text[i] == 0 ? '~' : text[i] == '\n' ? '|' : text[i]);
	return 0;
}

static int set_up(void **state)
{
	struct scene *s = mem_zero(1, sizeof(*s));
	*state = s;
	s->log = (struct log){.warn = warn, .info = say_nothing};
	s->warnings = (struct buf)BUF(1 << 20);
	s->out = (struct recorder){{record_entry, record_data}, BUF(1 << 20)};
	s->options = (struct link_options){.prefix = "/opt/env", .jobs = 2, .log = &s->log};
	return fs_temp_dir("/tmp", &s->folder, NULL);
}

static int tear_down(void **state)
{
	struct scene *s = *state;
	link_plan_done(&s->plan);
	fs_remove(s->folder, NULL);
	free(s->folder);
	buf_done(&s->warnings);
	buf_done(&s->out.text);
	arena_done(&s->arena);
	free(s);
	return 0;
}

/* ' for ", as JSON in C reads badly. */
static const char *json(struct scene *s, const char *text)
{
	char *copy = arena_copy(&s->arena, text, strlen(text));
	for (char *p = copy; *p; p++)
		if (*p == '\'')
			*p = '"';
	return copy;
}

static const char *version_of(const struct package *p)
{
	return p->version ? p->version : "1";
}

static void make_archive(struct scene *s, const struct package *p, const char *path)
{
	struct made_file files[FILES + 4] = {0};
	size_t n = 0;
	files[n++] = (struct made_file){
		"info/index.json",
		arena_printf(&s->arena,
			     "{\"name\": \"%s\", \"version\": \"%s\", \"build\": \"0\"%s}", p->name,
			     version_of(p), json(s, p->more ? p->more : ""))
			.p,
		.mtime = 5000};
	files[n++] = (struct made_file){
		"info/paths.json",
		arena_printf(&s->arena, "{\"paths\": [%s]}", json(s, p->paths)).p};
	if (p->link)
		files[n++] = (struct made_file){"info/link.json", json(s, p->link)};
	for (const struct made_file *f = p->files; f->path; f++)
		files[n++] = *f;
	make_package(path, files, n);
}

static int make_plan(struct scene *s, const struct package *packages, size_t count,
		     const char *form, struct err **e)
{
	link_plan_done(&s->plan);
	buf_clear(&s->warnings);
	for (size_t i = 0; i < count; i++) {
		const struct package *p = &packages[i];
		AUTO(buf_done) struct buf name = BUF(4096);
		buf_printf(&name, "%s/%s%s", s->folder, p->name, form);
		char *path = arena_copy(&s->arena, name.data, name.n);
		AUTO(buf_done) struct buf bytes = BUF(1 << 24);
		struct str *depends = arena_zero(&s->arena, 1, sizeof(*depends));
		make_archive(s, p, path);
		assert_int_equal(fs_read(path, &bytes, NULL), 0);
		s->files[i] = (struct package_file){.path = path, .size = bytes.n};
		digest_of(bytes.data, bytes.n, &s->files[i].sha256);
		*depends = str_of(p->depends);
		s->records[i] = (struct record){.name = str_of(p->name),
						.version_text = str_of(version_of(p)),
						.build = STR("0"),
						.channel = STR("c"),
						.depends = {depends, p->depends ? 1 : 0}};
	}
	return link_plan_make(&s->options, s->records, s->files, count, &s->plan, e);
}

static int link_one(struct scene *s, size_t i, struct err **e)
{
	buf_clear(&s->out.text);
	return link_package(&s->plan, i, &s->out.sink, e);
}

/* What package i emits, its record left out. */
static const char *linked(struct scene *s, size_t i)
{
	AUTO(err_free) struct err *e = NULL;
	assert_int_equal(link_one(s, i, &e), 0);
	char *meta = strstr(s->out.text.data, "f conda-meta/");
	assert_non_null(meta);
	*meta = 0;
	return s->out.text.data;
}

static const char *const forms[] = {".conda", ".tar.bz2"};

/* --- one package ------------------------------------------------------------------------- */

static const struct package plain = {
	.name = "x",
	.paths = "{'_path': 'bin/run', 'prefix_placeholder': '" PH "', 'file_mode': 'text'},"
		 "{'_path': 'lib/x.so', 'prefix_placeholder': '" PH "', 'file_mode': 'binary'},"
		 "{'_path': 'lib/y.so', 'path_type': 'softlink'},"
		 "{'_path': 'lib/z.so', 'prefix_placeholder': '" PH "', 'file_mode': 'binary'},"
		 "{'_path': 'share/empty', 'sha256': '" EMPTY "', 'size_in_bytes': 0},"
		 "{'_path': 'share/dir', 'path_type': 'directory'},"
		 "{'_path': 'bin/su'}",
	.files = {{"share/dir", NULL, 'd', 02750},
		  {"bin/run", "#!" PH "/bin/sh\necho " PH "\n", 0, 0755},
		  {"lib/x.so", PH "/lib\0y", .size = sizeof(PH "/lib\0y") - 1},
		  {"lib/y.so", "../x/" PH, 'l', 0777},
		  {"lib/z.so", "lib/x.so", 'h'},
		  {"share/empty", ""},
		  {"share/unlisted", "x"},
		  {"bin/su", "s", 0, 06755, 77}},
};

static void files_are_relocated_and_keep_order_modes_and_times(void **state)
{
	struct scene *s = *state;
	for (size_t i = 0; i < COUNT(forms); i++) {
		assert_int_equal(make_plan(s, &plain, 1, forms[i], NULL), 0);
		assert_string_equal(linked(s, 0),
				    "d share/dir 750 1000\n"
				    "f bin/run 755 5001 32 #!/opt/env/bin/sh|echo /opt/env|\n"
				    "f lib/x.so 644 5001 30 /opt/env/lib" PAD "~y\n"
				    "l lib/y.so 777 1000 -> ../x/" PH "\n"
				    "h lib/z.so 644 1000 -> lib/x.so\n"
				    "f share/empty 644 1000 0 \n"
				    "f bin/su 755 77 1 s\n");
		assert_string_equal(s->warnings.data, "");
	}
}

static void the_record_tells_what_was_linked(void **state)
{
	struct scene *s = *state;
	assert_int_equal(make_plan(s, &plain, 1, ".conda", NULL), 0);
	assert_int_equal(link_one(s, 0, NULL), 0);
	const char *meta = strstr(s->out.text.data, "f conda-meta/x-1-0.json 644 5001");
	assert_non_null(meta);
	assert_non_null(strstr(meta, "\"files\":[\"bin/run\",\"bin/su\",\"lib/x.so\",\"lib/y.so\","
				     "\"lib/z.so\",\"share/empty\"]"));
	assert_non_null(strstr(meta, "{\"_path\":\"share/empty\",\"path_type\":\"hardlink\","
				     "\"sha256\":\"" EMPTY "\",\"size_in_bytes\":0}"));
	assert_non_null(strstr(meta, "{\"_path\":\"share/dir\",\"path_type\":\"directory\"}"));
	assert_non_null(strstr(meta, "\"sha256_in_prefix\""));
	assert_non_null(strstr(meta, "\"file_mode\":\"binary\",\"prefix_placeholder\":\"" PH "\""));
}

static void the_plan_announces_what_is_emitted(void **state)
{
	static const char *const want[] = {
		"bin/run",     "lib/x.so",   "lib/y.so", "lib/z.so",
		"share/empty", "share/dir/", "bin/su",	 "conda-meta/x-1-0.json"};
	struct scene *s = *state;
	assert_int_equal(make_plan(s, &plain, 1, ".conda", NULL), 0);
	struct strs paths = link_paths(&s->plan, 0);
	assert_int_equal(paths.n, COUNT(want));
	for (size_t i = 0; i < paths.n; i++)
		assert_string_equal(paths.v[i].p, want[i]);
	assert_true(link_size(&s->plan, 0) > 0);
	assert_false(s->plan.has_scripts);
}

static void hard_links_with_another_placeholder_get_bytes_of_their_own(void **state)
{
	static const struct package p = {
		.name = "x",
		.paths = "{'_path': 'a'},"
			 "{'_path': 'b', 'prefix_placeholder': '/ph', 'file_mode': 'text'},"
			 "{'_path': 'c', 'prefix_placeholder': '/ph', 'file_mode': 'text'},"
			 "{'_path': 'd'}",
		.files = {{"a", "at /ph"},
			  {"b", "a", 'h'},
			  {"c", "a", 'h'},
			  {"d", "hidden", 'h'},
			  {"hidden", "h"}},
	};
	struct scene *s = *state;
	for (size_t i = 0; i < COUNT(forms); i++) {
		assert_int_equal(make_plan(s, &p, 1, forms[i], NULL), 0);
		const char *text = linked(s, 0);
		assert_non_null(strstr(text, "f a 644 1000 6 at /ph\n"));
		assert_non_null(strstr(text, "f b 644 5001 11 at /opt/env\n"));
		assert_non_null(strstr(text, "f c 644 5001 11 at /opt/env\n"));
		assert_non_null(strstr(text, "f d 644 1000 1 h\n"));
	}
}

static void broken_packages_are_refused(void **state)
{
	static const struct {
		struct package package;
		const char *says;
	} rows[] = {
		{{"x", .paths = "{'_path': 'a'}", .files = {{"b", ""}}},
		 "x-1-0: a: is listed and does not stand in the archive"},
		{{"x", .paths = "{'_path': 'a'}", .files = {{"a", ""}, {"a", ""}}},
		 "x-1-0: a: stands in the archive twice"},
		{{"x", .paths = "{'_path': 'a'}", .files = {{"a", NULL, 'd'}}},
		 "x-1-0: a: a directory, and listed as a file"},
		{{"x", .paths = "{'_path': 'a', 'path_type': 'directory'}", .files = {{"a", "x"}}},
		 "x-1-0: a: listed as a directory"},
		{{"x", .paths = "{'_path': 'a'}", .files = {{"a", "b", 'h'}}},
		 "x-1-0: b: a hard link's target is not in the archive"},
		{{"x", .paths = "{'_path': 'a'}", .files = {{"a", "a", 'h'}}},
		 "x-1-0: a: a hard link to itself"},
	};
	struct scene *s = *state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		AUTO(err_free) struct err *e = NULL;
		assert_int_equal(make_plan(s, &rows[i].package, 1, ".conda", NULL), 0);
		assert_int_equal(link_one(s, 0, &e), ERR_CORRUPT);
		assert_string_equal(e->text, rows[i].says);
	}
}

static void a_prefix_too_long_for_a_binary_is_told_with_the_file(void **state)
{
	static const struct package p = {
		.name = "x",
		.paths = "{'_path': 'a', 'prefix_placeholder': '/ph', 'file_mode': 'binary'}",
		.files = {{"a", "/ph"}}};
	struct scene *s = *state;
	AUTO(err_free) struct err *e = NULL;
	assert_int_equal(make_plan(s, &p, 1, ".conda", NULL), 0);
	assert_int_equal(link_one(s, 0, &e), ERR_LIMIT);
	assert_string_equal(e->text, "x-1-0: a");
}

static void files_unlike_their_list_warn_by_size_and_fail_by_digest_when_asked(void **state)
{
	static const struct package p = {.name = "x",
					 .paths = "{'_path': 'a', 'sha256': '" EMPTY
						  "'}, {'_path': 'b', 'size_in_bytes': 7}",
					 .files = {{"a", "x"}, {"b", "x"}}};
	struct scene *s = *state;
	assert_int_equal(make_plan(s, &p, 1, ".conda", NULL), 0);
	assert_int_equal(link_one(s, 0, NULL), 0);
	assert_string_equal(s->warnings.data,
			    "x-1-0: b is not as its paths.json says, though the archive has the "
			    "digest of its record\n");
	s->options.verify = true;
	assert_int_equal(make_plan(s, &p, 1, ".conda", NULL), 0);
	assert_int_equal(link_one(s, 0, NULL), ERR_DIGEST);
}

static void plans_refuse_what_cannot_be_linked(void **state)
{
	static const struct package rows[] = {
		{"x", .more = ", 'noarch': 'python'", .paths = ""},
		{"x", .paths = "{'_path': 'a'}, {'_path': 'a/b'}"},
		{"x", .paths = "{'_path': '../a'}"},
	};
	static const int codes[] = {ERR_ABSENT, ERR_CORRUPT, ERR_CORRUPT};
	static const char *const prefixes[] = {"opt/env", "/", "/opt/a b", "/opt/../env",
					       "/opt//e"};
	struct scene *s = *state;
	for (size_t i = 0; i < COUNT(rows); i++)
		assert_int_equal(make_plan(s, &rows[i], 1, ".conda", NULL), codes[i]);
	const struct package twice[] = {plain, plain};
	assert_int_equal(make_plan(s, twice, 2, ".conda", NULL), ERR_CORRUPT);
	assert_int_equal(make_plan(s, &plain, 1, ".conda", NULL), 0);
	s->records[0].build = STR("7");
	link_plan_done(&s->plan);
	assert_int_equal(link_plan_make(&s->options, s->records, s->files, 1, &s->plan, NULL),
			 ERR_CORRUPT);
	for (size_t i = 0; i < COUNT(prefixes); i++) {
		s->options.prefix = prefixes[i];
		assert_int_equal(make_plan(s, &plain, 1, ".conda", NULL), ERR_USAGE);
	}
}

/* --- several packages -------------------------------------------------------------------- */

static void of_two_packages_the_dependent_has_the_path(void **state)
{
	static const struct package rows[][2] = {
		/* Independent: the first by name. */
		{{"p1", .paths = "{'_path': 'a'}, {'_path': 'b'}",
		  .files = {{"a", "1"}, {"b", "1"}}},
		 {"p2", .paths = "{'_path': 'a'}", .files = {{"a", "2"}}}},
		/* A dependent beats its dependency. */
		{{"p1", .paths = "{'_path': 'a'}, {'_path': 'b'}",
		  .files = {{"a", "1"}, {"b", "1"}}},
		 {"p2", "p1 >=1", .paths = "{'_path': 'a'}", .files = {{"a", "2"}}}},
	};
	static const char *const warnings[] = {
		"a is of p1, and not of p2, which has it too\n",
		"a is of p2, and not of p1, which has it too\n",
	};
	struct scene *s = *state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		assert_int_equal(make_plan(s, rows[i], 2, ".conda", NULL), 0);
		assert_string_equal(s->warnings.data, warnings[i]);
		assert_string_equal(linked(s, 0), i ? "f b 644 1000 1 1\n"
						    : "f a 644 1000 1 1\nf b 644 1000 1 1\n");
		assert_string_equal(linked(s, 1), i ? "f a 644 1000 1 2\n" : "");
		size_t loser = !i;
		assert_int_equal(link_one(s, loser, NULL), 0);
		assert_null(strstr(s->out.text.data, "\"_path\":\"a\""));
	}
}

static void dependencies_that_a_list_does_not_tell_are_the_archives(void **state)
{
	static const struct package packages[] = {
		{"p1", .paths = "{'_path': 'a'}", .files = {{"a", "1"}}},
		{"p2", .more = ", 'depends': ['p1 >=1']", .paths = "{'_path': 'a'}",
		 .files = {{"a", "2"}}}};
	struct scene *s = *state;
	assert_int_equal(make_plan(s, packages, 2, ".conda", NULL), 0);
	assert_string_equal(s->warnings.data, "a is of p2, and not of p1, which has it too\n");
	assert_true(str_is(s->plan.records[1].depends.v[0], "p1 >=1"));
}

static void a_file_beats_a_directory_of_its_name(void **state)
{
	static const struct package packages[] = {
		{"dirs",
		 .paths = "{'_path': 'lib64/a'}, {'_path': 'lib64/b/c'}, {'_path': 'lib/a'}",
		 .files = {{"lib64/a", "1"}, {"lib64/b/c", "1"}, {"lib/a", "1"}}},
		{"link", .paths = "{'_path': 'lib64', 'path_type': 'softlink'}",
		 .files = {{"lib64", "/etc", 'l'}}},
	};
	struct scene *s = *state;
	assert_int_equal(make_plan(s, packages, 2, ".conda", NULL), 0);
	assert_string_equal(s->warnings.data, "lib64/a and 1 more paths are of link, and not of "
					      "dirs, which has them too\n");
	assert_string_equal(linked(s, 0), "f lib/a 644 1000 1 1\n");
}

static void a_hard_link_to_a_lost_file_gets_its_bytes(void **state)
{
	static const struct package packages[] = {
		{"a", .paths = "{'_path': 'f'}", .files = {{"f", "winner"}}},
		{"b", .paths = "{'_path': 'f'}, {'_path': 'g'}, {'_path': 'h'}",
		 .files = {{"f", "loser"}, {"g", "f", 'h'}, {"h", "f", 'h'}}},
	};
	struct scene *s = *state;
	assert_int_equal(make_plan(s, packages, 2, ".conda", NULL), 0);
	assert_string_equal(linked(s, 1), "f g 644 1000 5 loser\nf h 644 1000 5 loser\n");
}

static void no_package_speaks_for_another_in_conda_meta(void **state)
{
	static const struct package packages[] = {
		{"a", .paths = "{'_path': 'conda-meta/b-1-0.json'}",
		 .files = {{"conda-meta/b-1-0.json", "{}"}}},
		{"b", .paths = ""},
	};
	struct scene *s = *state;
	assert_int_equal(make_plan(s, packages, 2, ".conda", NULL), 0);
	assert_string_equal(linked(s, 0), "");
}

static const struct package noarch[] = {
	{"python", .paths = "", .version = "3.11.2"},
	{"tool",
	 "python",
	 ", 'noarch': 'python', 'timestamp': 1741152691000",
	 "{'_path': 'site-packages/t/__init__.py'}, {'_path': 'python-scripts/s'},"
	 "{'_path': 'bin/t'}",
	 {{"site-packages/t/__init__.py", "x = 1\n"}, {"python-scripts/s", "s"}, {"bin/t", "t"}},
	 "{'noarch': {'entry_points': ['t = t:run']}}"},
};

static void noarch_packages_move_and_get_their_commands(void **state)
{
	struct scene *s = *state;
	assert_int_equal(make_plan(s, noarch, 2, ".conda", NULL), 0);
	assert_int_equal(s->plan.newest, 1741152691);
	assert_string_equal(
		linked(s, 1),
		"f lib/python3.11/site-packages/t/__init__.py 644 1000 6 x = 1|\n"
		"f bin/s 644 1000 1 s\n"
		"f bin/t 775 5001 202 #!/opt/env/bin/python3.11|# -*- coding: utf-8 -*-|import re|"
		"import sys||from t import run||if __name__ == '__main__':|\tsys.argv[0] = "
		"re.sub(r'(-script\\.pyw?|\\.exe)?$', '', sys.argv[0])|\tsys.exit(run())|\n");
	s->options.bytecode = true;
	assert_int_equal(make_plan(s, noarch, 2, ".conda", NULL), 0);
	struct strs all = link_paths(&s->plan, 1);
	assert_int_equal(all.n, 5);
	assert_string_equal(all.v[1].p,
			    "lib/python3.11/site-packages/t/__pycache__/__init__.cpython-311.pyc");
}

/* The machine's own python stands in, behind a script that wants a library. */
#define PYTHON                                                                                     \
	"#!/bin/sh\n[ -e $PYTHONHOME/lib/libneeded.so.1 ] || exit 1\n"                             \
	"unset PYTHONHOME LD_LIBRARY_PATH\nexec /usr/bin/python3 \"$@\"\n"
static const struct package compiled[] = {
	{"needed", .paths = "{'_path': 'lib/libneeded.so.1'}, {'_path': 'lib/not/wanted'}",
	 .files = {{"lib/libneeded.so.1", "x"}, {"lib/not/wanted", "x"}}},
	{"python", "needed", .version = "3.11.2", .paths = "{'_path': 'bin/python3.11'}",
	 .files = {{"bin/python3.11", PYTHON, .mode = 0755}}},
	{"tool", "python", ", 'noarch': 'python'", "{'_path': 'site-packages/t.py'}",
	 .files = {{"site-packages/t.py", "x = 1\n"}}},
	{"other", "python", ", 'noarch': 'python'", "{'_path': 'site-packages/u.py'}",
	 .files = {{"site-packages/u.py", "x = \n"}}},
};

/* What it depends on is unpacked as well when the interpreter does not start alone. */
static void sources_are_compiled_by_an_interpreter_that_starts(void **state)
{
	struct scene *s = *state;
	if (access("/usr/bin/python3", X_OK) < 0)
		skip();
	s->options.bytecode = true;
	s->options.cache = s->folder;
	assert_int_equal(make_plan(s, compiled, 4, ".conda", NULL), 0);
	assert_true(link_source_size(&s->plan, 2) > 0);
	assert_int_equal(link_source_size(&s->plan, 1), 0);
	assert_non_null(strstr(linked(s, 2), "f lib/python3.11/site-packages/__pycache__/"
					     "t.cpython-311.pyc 644 "));
	assert_null(strstr(linked(s, 3), ".pyc"));
	assert_int_equal(make_plan(s, &compiled[1], 2, ".conda", NULL), 0);
	AUTO(err_free) struct err *e = NULL;
	assert_int_equal(link_one(s, 1, &e), ERR_FAILED);
	assert_non_null(strstr(e->text, "interpreter"));
}

static void the_identity_follows_what_decides_the_bytes(void **state)
{
	static const struct package packages[] = {
		{"a", .paths = "{'_path': 'f'}", .files = {{"f", "1"}}},
		{"b", .paths = "{'_path': 'f'}, {'_path': 'g'}", .files = {{"f", "2"}, {"g", "2"}}},
		{"c", .paths = "{'_path': 'x'}", .files = {{"x", "3"}}},
	};
	struct scene *s = *state;
	struct digest alone, clobbered, beside, moved;
	assert_int_equal(make_plan(s, packages + 1, 1, ".conda", NULL), 0);
	link_identity(&s->plan, 0, &alone);
	assert_int_equal(make_plan(s, packages, 2, ".conda", NULL), 0);
	link_identity(&s->plan, 1, &clobbered);
	assert_int_equal(make_plan(s, packages + 1, 2, ".conda", NULL), 0);
	link_identity(&s->plan, 0, &beside);
	s->options.prefix = "/opt/other";
	assert_int_equal(make_plan(s, packages + 1, 1, ".conda", NULL), 0);
	link_identity(&s->plan, 0, &moved);
	assert_true(digest_eq(&alone, &beside));
	assert_false(digest_eq(&alone, &clobbered));
	assert_false(digest_eq(&alone, &moved));
}

static void link_scripts_are_seen(void **state)
{
	static const struct package p = {.name = "x",
					 .paths = "{'_path': 'bin/.x-post-link.sh'}",
					 .files = {{"bin/.x-post-link.sh", "true"}}};
	struct scene *s = *state;
	assert_int_equal(make_plan(s, &p, 1, ".conda", NULL), 0);
	assert_true(s->plan.has_scripts);
}

/* What a foreign platform's programs would have made is not made, is said, and is another thing. */
static void foreign_programs_are_not_needed(void **state)
{
	static const struct package packages[] = {
		{"python", .paths = "", .version = "3.11.2"},
		{"tool",
		 "python",
		 ", 'noarch': 'python'",
		 "{'_path': 'site-packages/t.py'}",
		 {{"site-packages/t.py", "x = 1\n"}},
		 "{'noarch': {}}"},
		{"x", .paths = "{'_path': 'bin/.x-post-link.sh'}",
		 .files = {{"bin/.x-post-link.sh", "true"}}},
	};
	struct link_environment env = {0};
	struct scene *s = *state;
	struct digest ids[2][COUNT(packages) + 1];
	s->options.bytecode = true;
	for (size_t foreign = 0; foreign < 2; foreign++) {
		s->options.foreign = foreign ? "linux/arm64" : NULL;
		assert_int_equal(make_plan(s, packages, COUNT(packages), ".conda", NULL), 0);
		for (size_t i = 0; i <= COUNT(packages); i++)
			pack_plan_identity(&s->plan, &env, i, &ids[foreign][i]);
		assert_int_equal(link_paths(&s->plan, 1).n, foreign ? 2 : 3);
		assert_int_equal(link_source_size(&s->plan, 1) > 0, !foreign);
		assert_int_equal(s->plan.has_scripts, !foreign);
		assert_int_equal(s->plan.left_scripts, foreign);
	}
	static const bool same[] = {true, false, true, false};
	for (size_t i = 0; i <= COUNT(packages); i++)
		assert_int_equal(digest_eq(&ids[0][i], &ids[1][i]), same[i]);
	assert_non_null(strstr(s->warnings.data, "no .pyc files are made for 1 noarch package: "));
	assert_non_null(strstr(s->warnings.data, "x-1-0 has link scripts, which are not run"));
	assert_string_not_equal(linked(s, 1), "");
}

/* What stands at the end of one list is not what stands at the beginning of the next. */
static void specs_and_variables_have_identities_of_their_own(void **state)
{
	struct scene *s = *state;
	struct str three[] = {STR("python"), STR("readline"), STR("tzdata")};
	const struct definition_variable variable = {STR("readline"), STR("tzdata")};
	const struct link_environment rows[] = {
		{.specs = {three, 3}},
		{.specs = {three, 1}, .variables = &variable, .variable_count = 1},
		{.specs = {three, 1}},
	};
	struct digest ids[COUNT(rows)];
	assert_int_equal(make_plan(s, noarch, 1, ".conda", NULL), 0);
	for (size_t i = 0; i < COUNT(rows); i++)
		pack_plan_identity(&s->plan, &rows[i], s->plan.count, &ids[i]);
	for (size_t i = 0; i < COUNT(rows); i++)
		for (size_t k = 0; k < i; k++)
			assert_false(digest_eq(&ids[i], &ids[k]));
}

/* Nothing is said of what nobody asked for. */
static void foreign_packages_without_programs_are_silent(void **state)
{
	struct scene *s = *state;
	s->options.foreign = "linux/arm64";
	assert_int_equal(make_plan(s, noarch, 2, ".conda", NULL), 0);
	assert_null(strstr(s->warnings.data, "linux/arm64"));
	s->options.bytecode = true;
	assert_int_equal(make_plan(s, noarch, 1, ".conda", NULL), 0);
	assert_string_equal(s->warnings.data, "");
}

static void what_a_kept_archive_has_become_is_not_linked(void **state)
{
	struct scene *s = *state;
	for (size_t f = 0; f < COUNT(forms); f++) {
		AUTO(err_free) struct err *e = NULL;
		s->options.cache = s->folder;
		assert_int_equal(make_plan(s, &plain, 1, forms[f], NULL), 0);
		s->files[0].sha256.bytes[0] ^= 1;
		assert_int_equal(link_one(s, 0, &e), ERR_DIGEST);
		assert_non_null(strstr(e->text, "was damaged on the disk"));
		assert_string_equal(s->out.text.data, "");
		assert_int_equal(access(s->files[0].path, F_OK), -1);
	}
}

static void what_was_fetched_just_now_is_not_hashed(void **state)
{
	struct scene *s = *state;
	assert_int_equal(make_plan(s, &plain, 1, forms[0], NULL), 0);
	s->files[0].sha256.bytes[0] ^= 1;
	s->files[0].verified = true;
	assert_int_equal(link_one(s, 0, NULL), 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(files_are_relocated_and_keep_order_modes_and_times),
		TEST(the_record_tells_what_was_linked),
		TEST(the_plan_announces_what_is_emitted),
		TEST(hard_links_with_another_placeholder_get_bytes_of_their_own),
		TEST(broken_packages_are_refused),
		TEST(a_prefix_too_long_for_a_binary_is_told_with_the_file),
		TEST(files_unlike_their_list_warn_by_size_and_fail_by_digest_when_asked),
		TEST(plans_refuse_what_cannot_be_linked),
		TEST(of_two_packages_the_dependent_has_the_path),
		TEST(dependencies_that_a_list_does_not_tell_are_the_archives),
		TEST(a_file_beats_a_directory_of_its_name),
		TEST(a_hard_link_to_a_lost_file_gets_its_bytes),
		TEST(no_package_speaks_for_another_in_conda_meta),
		TEST(noarch_packages_move_and_get_their_commands),
		TEST(sources_are_compiled_by_an_interpreter_that_starts),
		TEST(the_identity_follows_what_decides_the_bytes),
		TEST(link_scripts_are_seen),
		TEST(foreign_programs_are_not_needed),
		TEST(specs_and_variables_have_identities_of_their_own),
		TEST(foreign_packages_without_programs_are_silent),
		TEST(what_a_kept_archive_has_become_is_not_linked),
		TEST(what_was_fetched_just_now_is_not_hashed),
	};
	return cmocka_run_group_tests_name("link", tests, NULL, NULL);
}
