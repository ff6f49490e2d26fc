/* builder/link_activation.c - the variables that `conda activate` would set. */
#include "builder/link_scripts.h"
#include "builder/link_tree.h"
#include "builder/sandbox.h"
#include "builder/tar.h"
#include "specs/base/fs.h"
#include "specs/base/json.h"
#include "specs/base/vec.h"
#include <stdio.h>

#define SCRIPTS "etc/conda/activate.d/"
#define VARIABLES "etc/conda/env_vars.d/"
#define UNSET "***unset***"
/* Part of the identity: raise it when the same packages would give other variables. */
#define FORMAT "kiln activation 1"
enum { ACTIVATE_MS = 2 * 60 * 1000, OUTPUT_MAX = 8 << 20, LAST_WORDS = 2000 };

/* Both environments as env writes them, with an empty one between; what scripts say goes
 * elsewhere. The trap is for a script that exits. Names sort by code point: LC_ALL is C. */
static const char shell_program[] = "exec 3>&1 1>&2\n"
				    "/usr/bin/env -0 >&3\n"
				    "printf '\\0' >&3\n"
				    "trap '/usr/bin/env -0 >&3' 0\n"
				    "for f in \"$CONDA_PREFIX\"/" SCRIPTS "*.sh; do\n"
				    "	if [ -f \"$f\" ]; then . \"$f\"; fi\n"
				    "done\n"
				    "true\n";

struct variable {
	struct str name, value;
};

struct variables {
	struct arena *arena;
	VEC(struct variable) list;
};

static void variables_done(struct variables *v)
{
	VEC_DONE(&v->list);
}
AUTO_DEFINE_VALUE(struct variables, variables_done)

static struct variable *find(struct variables *v, struct str name)
{
	for (size_t i = 0; i < v->list.n; i++)
		if (str_eq(v->list.v[i].name, name))
			return &v->list.v[i];
	return NULL;
}

static void set(struct variables *v, struct str name, struct str value)
{
	struct variable *was = find(v, name);
	if (!was) {
		was = VEC_ADD(&v->list);
		was->name = arena_str(v->arena, name);
	}
	was->value = arena_str(v->arena, value);
}

static void unset(struct variables *v, struct str name)
{
	struct variable *was = find(v, name);
	if (was)
		*was = v->list.v[--v->list.n];
}

/* --- which packages ------------------------------------------------------------------ */

struct activation {
	const struct link_plan *plan;
	bool *chosen;			/* [plan->count] */
	bool scripts;			/* some package has some */
	VEC(struct str) variable_files; /* borrowed paths */
	bool spoke;			/* something was told to the user */
};

static void activation_done(struct activation *a)
{
	free(a->chosen);
	VEC_DONE(&a->variable_files);
}
AUTO_DEFINE_VALUE(struct activation, activation_done)

static struct log *tell(struct activation *a)
{
	a->spoke = true;
	return a->plan->options.log;
}

static bool is_directly_in(struct str path, const char *folder, const char *ends)
{
	struct str rest = str_starts(path, folder) ? str_from(path, strlen(folder)) : STR("/");
	return str_find(rest, '/') == rest.n && str_ends(rest, ends);
}

static int by_bytes(const void *a, const void *b)
{
	return str_cmp(*(const struct str *)a, *(const struct str *)b);
}

/* True when something is to be done. A script may look at and run what its package depends
 * on, so that must be there too. */
static bool choose(const struct link_plan *p, struct activation *out)
{
	out->plan = p;
	out->chosen = mem_zero(p->count, sizeof(bool));
	for (size_t i = 0; i < p->count; i++) {
		struct strs paths = link_paths(p, i);
		for (size_t k = 0; k < paths.n; k++) {
			bool script = is_directly_in(paths.v[k], SCRIPTS, ".sh");
			bool variables = is_directly_in(paths.v[k], VARIABLES, ".json");
			out->chosen[i] |= script || variables;
			out->scripts |= script;
			if (variables)
				VEC_PUSH(&out->variable_files, paths.v[k]);
		}
	}
	if (out->scripts)
		link_tree_add_dependencies(p, out->chosen);
	if (out->variable_files.n)
		qsort(out->variable_files.v, out->variable_files.n, sizeof(struct str), by_bytes);
	return out->scripts || out->variable_files.n;
}

/* --- etc/conda/env_vars.d ------------------------------------------------------------ */

static void take_variables(struct activation *a, const char *file, const cJSON *doc,
			   struct variables *out)
{
	for (const cJSON *v = doc->child; v; v = v->next) {
		struct str name = str_of(v->string);
		if (!definition_is_variable_name(name) || str_is(name, "PATH") ||
		    !cJSON_IsString(v))
			log_warn(tell(a), "%s: %s is left out", file, v->string);
		else if (strcmp(v->valuestring, UNSET) == 0)
			unset(out, name);
		else
			set(out, name, str_of(v->valuestring));
	}
}

/* Later files win. */
static int read_variables(struct activation *a, const char *tree, struct variables *out,
			  struct err **e)
{
	for (size_t i = 0; i < a->variable_files.n; i++) {
		AUTO(buf_done) struct buf path = BUF(BUF_UNLIMITED), text = BUF(1 << 20);
		AUTO(json_free) cJSON *doc = NULL;
		buf_printf(&path, "%s/%.*s", tree, STR_ARG(a->variable_files.v[i]));
		const char *file = path.data + strlen(tree) + 1;
		int code = fs_read(path.data, &text, e);
		if (code == 0)
			code = json_parse(buf_str(&text), file, &doc, e);
		if (code < 0)
			return code;
		if (!cJSON_IsObject(doc))
			return err_set(e, ERR_CORRUPT, "%s: not an object", file);
		take_variables(a, file, doc, out);
	}
	return 0;
}

/* --- etc/conda/activate.d ------------------------------------------------------------ */

/* Of the shell, of conda's deactivation, and of the image itself. */
static bool is_not_ours(struct str name)
{
	static const char *const names[] = {"_", "SHLVL", "PWD", "OLDPWD", "PATH"};
	for (size_t i = 0; i < COUNT(names); i++)
		if (str_is(name, names[i]))
			return true;
	return !definition_is_variable_name(name) || str_starts(name, "CONDA_BACKUP_");
}

/* The next text of a list whose texts end in 0. */
static bool next_text(struct str *rest, struct str *out)
{
	if (rest->n == 0)
		return false;
	str_cut(rest, 0, out);
	return true;
}

static void read_env(struct str text, struct variables *out)
{
	struct str line, name;
	while (next_text(&text, &line))
		if (str_cut(&line, '=', &name))
			set(out, name, line);
}

static void warn_of_path(struct activation *a, struct variables *was, struct variables *is)
{
	struct variable *before = find(was, STR("PATH")), *after = find(is, STR("PATH"));
	if (before && after && !str_eq(before->value, after->value))
		log_warn(tell(a), "activation makes PATH \"%.*s\"; images set their own: left out",
			 STR_ARG(after->value));
}

static void take_changes(struct activation *a, struct str text, struct variables *out)
{
	AUTO(variables_done) struct variables was = {.arena = out->arena};
	AUTO(variables_done) struct variables is = {.arena = out->arena};
	size_t at = 0;
	while (at + 1 < text.n && (text.p[at] || text.p[at + 1]))
		at++;
	read_env(str_to(text, at), &was);
	read_env(str_from(text, at + 2 < text.n ? at + 2 : text.n), &is);
	warn_of_path(a, &was, &is);
	for (size_t i = 0; i < is.list.n; i++) {
		struct variable *v = &is.list.v[i], *before = find(&was, v->name);
		if (!is_not_ours(v->name) && !(before && str_eq(before->value, v->value)))
			set(out, v->name, v->value);
	}
	for (size_t i = 0; i < was.list.n; i++)
		if (!find(&is, was.list.v[i].name))
			unset(out, was.list.v[i].name);
}

static int run_scripts(struct activation *a, const char *tree, struct variables *out,
		       struct err **e)
{
	AUTO(process_result_done) struct process_result run = PROCESS_RESULT(OUTPUT_MAX);
	const struct link_options *p = &a->plan->options;
	const char *prefix = p->prefix;
	const char *shell = access("/bin/bash", X_OK) == 0 ? "/bin/bash" : "/bin/sh";
	const char *argv[] = {shell, "-c", shell_program, NULL};
	VEC(const char *) env = {0};
	VEC_PUSH(&env,
		 arena_printf(out->arena, "PATH=%s/bin:/usr/local/bin:/usr/bin:/bin", prefix).p);
	VEC_PUSH(&env, arena_printf(out->arena, "CONDA_PREFIX=%s", prefix).p);
	VEC_PUSH(&env, arena_printf(out->arena, "CONDA_DEFAULT_ENV=%s", prefix).p);
	VEC_PUSH(&env, "CONDA_SHLVL=1");
	for (size_t i = 0; i < out->list.n; i++)
		VEC_PUSH(&env, arena_printf(out->arena, "%.*s=%.*s", STR_ARG(out->list.v[i].name),
					    STR_ARG(out->list.v[i].value))
				       .p);
	VEC_PUSH(&env, NULL);
	struct sandbox_bind bind = {tree, prefix, false};
	struct sandbox_request q = {
		.argv = argv,
		.env = env.v,
		.binds = &bind,
		.bind_count = 1,
		/* Not the newest package's: what is set depends on the chosen ones alone. */
		.epoch = TAR_DIRECTORY_MTIME,
		.timeout_ms = ACTIVATE_MS,
	};
	int code = sandbox_run(&q, &run, e);
	VEC_DONE(&env);
	if (code < 0)
		return code;
	struct str said = str_trim(buf_str(&run.text));
	if (run.status && p->foreign) {
		log_warn(tell(a),
			 "the scripts in " SCRIPTS
			 " fail without programs for %s, which do not run "
			 "on this machine; what they set is left out: %.*s",
			 p->foreign,
			 STR_ARG(str_to(said, said.n < LAST_WORDS ? said.n : LAST_WORDS)));
		return 0;
	}
	if (run.status || run.cut)
		return err_set(e, ERR_FAILED, "status %d: %.*s", run.status,
			       STR_ARG(str_to(said, said.n < LAST_WORDS ? said.n : LAST_WORDS)));
	if (said.n)
		log_info(tell(a), "activation: %.*s", STR_ARG(said));
	take_changes(a, buf_str(&run.out), out);
	return 0;
}

/* --- all of it ----------------------------------------------------------------------- */

/* Of a foreign platform only text is looked at, emulator or not: the scripts are the shell's. */
static bool is_no_program(const void *cookie, const char *path)
{
	(void)cookie;
	return strncmp(path, "bin/", 4) != 0;
}

static int activate(struct activation *a, const char *tree, struct variables *out, struct err **e)
{
	struct link_plan plain = *a->plan;
	plain.options.bytecode = false;
	struct link_tree_request q = {&plain, a->chosen, tree, NULL, NULL};
	if (plain.options.foreign)
		q.wanted = is_no_program;
	int code = link_tree(&q, e);
	if (code == 0)
		code = read_variables(a, tree, out, e);
	if (code == 0 && a->scripts)
		code = run_scripts(a, tree, out, e);
	return code;
}

static int by_name(const void *a, const void *b)
{
	const struct variable *one = a, *two = b;
	return str_cmp(one->name, two->name);
}

bool link_activation_identity(const struct link_plan *p, struct digest *out)
{
	AUTO(activation_done) struct activation a = {0};
	if (!choose(p, &a))
		return false;
	AUTO(hasher_free) struct hasher *h = hasher_new();
	hasher_add(h, FORMAT, sizeof(FORMAT));
	hasher_add(h, &(bool){p->options.foreign}, sizeof(bool));
	for (size_t i = 0; i < p->count; i++) {
		struct digest package;
		if (!a.chosen[i])
			continue;
		link_identity(p, i, &package);
		hasher_add(h, &package, sizeof(package));
	}
	hasher_end(h, out);
	return true;
}

int link_activation(const struct link_plan *p, struct arena *arena, struct strs *out,
		    bool *out_spoke, struct err **e)
{
	AUTO(activation_done) struct activation a = {0};
	AUTO(variables_done) struct variables found = {.arena = arena};
	AUTO(free) char *tree = NULL;
	*out = (struct strs){NULL, 0};
	*out_spoke = false;
	if (!choose(p, &a))
		return 0;
	int code = link_tree_temp(p, &tree, e);
	if (code == 0) {
		code = activate(&a, tree, &found, e);
		fs_remove(tree, NULL);
	}
	if (code < 0)
		return err_wrap(e, code, "the variables that activation sets");
	if (found.list.n)
		qsort(found.list.v, found.list.n, sizeof(*found.list.v), by_name);
	struct str *lines = arena_zero(arena, found.list.n, sizeof(*lines));
	for (size_t i = 0; i < found.list.n; i++)
		lines[i] = arena_printf(arena, "%.*s=%.*s", STR_ARG(found.list.v[i].name),
					STR_ARG(found.list.v[i].value));
	*out = (struct strs){lines, found.list.n};
	*out_spoke = a.spoke;
	return 0;
}
