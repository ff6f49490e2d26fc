/* builder/pip_solve.c - uv, asked for the wheels that satisfy the requirements.
 *
 * It works in an empty folder of its own, with nothing of the user's settings but credentials and
 * proxies. What conda installs is given as wheels that cannot be beaten, and as constraints: so a
 * contradiction is one, and their extras resolve. */
#include "builder/credentials.h"
#include "builder/pip_private.h"
#include "cache/address.h"
#include "cache/http.h"
#include "cache/layout.h"
#include "specs/base/fs.h"
#include "specs/base/process.h"
#include "specs/base/url.h"
#include "specs/base/vec.h"
#include "specs/requirements_text.h"
#include <stdlib.h>
#include <sys/mman.h>

extern char **environ;

enum {
	OUTPUT_MAX = 64 << 20,
	SOLVE_MS = 30 * 60 * 1000,
	ROUNDS_MAX = 200, /* a source more in each */
};

struct solving {
	const struct pip_request *q;
	struct arena arena;
	char *folder;
	/* In memory, as addresses may hold passwords: requirements, and constraints or -1. */
	int input, limits;
	const char *python; /* the program that uv asks; NULL: one that it finds */
	bool token;	    /* stands in an address that it reads */
	char *cache;	    /* uv's */
	struct pip_sources sources;
	VEC(const char *) argv, env;
};

static void solving_done(struct solving *s)
{
	if (s->folder)
		fs_remove(s->folder, NULL);
	fd_close_at(&s->input);
	fd_close_at(&s->limits);
	free(s->folder);
	free(s->cache);
	pip_sources_done(&s->sources);
	VEC_DONE(&s->argv);
	VEC_DONE(&s->env);
	arena_done(&s->arena);
}
AUTO_DEFINE_VALUE(struct solving, solving_done)

/* ---- what it reads ---- */

/* The address with what its variables stand for. */
static struct str real_address(struct solving *s, struct str text)
{
	struct str real = requirements_expand(&s->arena, text);
	size_t user = address_split(real).user.n;
	s->token |= url_without_login(&s->arena, real).n + (user ? user + 1 : 0) < real.n;
	return real;
}

/* A source that was built stands there as a wheel, of which there is but one. */
static void put_source(const struct pip_source *made, struct buf *out)
{
	const struct requirement *r = &made->line->requirement;
	buf_add_str(out, made->dist.name);
	for (size_t i = 0; i < r->extras.n; i++)
		buf_printf(out, "%s%.*s", i ? "," : "[", STR_ARG(r->extras.v[i]));
	buf_printf(out, "%s==%.*s\n", r->extras.n ? "]" : "", STR_ARG(made->dist.version));
}

static void put_line(struct solving *s, const struct requirement_line *from, struct buf *out)
{
	struct requirement_line line = *from;
	const struct pip_source *made = pip_source_of_line(&s->sources, from);
	if (made)
		put_source(made, out);
	if (pip_is_source_line(&s->arena, from))
		return;
	if (line.kind == REQUIREMENT_PATH)
		line.target = pip_line_path(&s->arena, from);
	line.settings = (struct strs){0};
	line.target = real_address(s, line.target);
	line.requirement.url = real_address(s, line.requirement.url);
	requirement_line_write(&line, out);
	buf_add_char(out, '\n');
}

/* Among what is read, and not among the words of the command, which everybody on the machine can
 * see. */
static void put_options(struct solving *s, struct buf *out)
{
	const struct requirements *r = s->q->requirements;
	buf_add_text(out, r->no_index ? "--no-index\n" : "");
	if (r->index_url.n)
		buf_printf(out, "--index-url %.*s\n", STR_ARG(real_address(s, r->index_url)));
	for (size_t i = 0; i < r->extra_index_urls.n; i++)
		buf_printf(out, "--extra-index-url %.*s\n",
			   STR_ARG(real_address(s, r->extra_index_urls.v[i])));
	for (size_t i = 0; i < r->find_links.n; i++) {
		struct str place = real_address(s, r->find_links.v[i]);
		AUTO(free)
		char *folder = memmem(place.p, place.n, "://", 3)
				       ? NULL
				       : realpath(arena_copy(&s->arena, place.p, place.n), NULL);
		if (folder)
			place = str_of(folder);
		buf_printf(out, "--find-links %.*s\n", STR_ARG(place));
	}
}

static int write_memory(const char *name, struct str text, int *out, struct err **e)
{
	*out = memfd_create(name, MFD_CLOEXEC);
	return *out < 0 ? err_sys(e, "memory for %s", name) : fs_write_fd(*out, text.p, text.n, e);
}

static int write_inputs(struct solving *s, struct err **e)
{
	const struct requirements *r = s->q->requirements;
	AUTO(secret_buf_done) struct buf wanted = BUF(BUF_UNLIMITED);
	AUTO(secret_buf_done) struct buf limits = BUF(BUF_UNLIMITED);
	put_options(s, &wanted);
	for (size_t i = 0; i < r->lines.n; i++)
		put_line(s, &r->lines.v[i], r->lines.v[i].constraint ? &limits : &wanted);
	for (size_t i = 0; i < s->q->provided.n; i++)
		buf_printf(&limits, "%.*s==%.*s\n", STR_ARG(s->q->provided.v[i].name),
			   STR_ARG(s->q->provided.v[i].version));
	for (size_t i = 0; i < s->sources.built.n; i++)
		if (s->sources.built.v[i].line)
			put_source(&s->sources.built.v[i], &limits);
	int code = write_memory("requirements", buf_str(&wanted), &s->input, e);
	return code < 0 || !limits.n ? code
				     : write_memory("constraints", buf_str(&limits), &s->limits, e);
}

/* uv keeps addresses as it asked them; a cache may be handed on to others, as that of a machine
 * that builds for many. So nothing stays of a solve with a token in an address. */
static int choose_cache(struct solving *s, struct err **e)
{
	if (!s->token)
		return layout_folder(s->q->cache, LAYOUT_UV, &s->cache, e);
	if (s->q->offline)
		return err_set(e, ERR_ABSENT,
			       "what an index says that has a token in its address is not kept: "
			       "solve without --offline, or build with --locked");
	s->cache = fs_join(s->folder, "uv");
	return fs_make_dirs(s->cache, 0700, e);
}

static int write_stubs(struct solving *s, struct err **e)
{
	struct str stubs = arena_printf(&s->arena, "%s/stubs", s->folder);
	int code = fs_make_dirs(stubs.p, 0700, e);
	for (size_t i = 0; i < s->q->provided.n && code == 0; i++)
		code = pip_write_stub(&s->q->target, &s->q->provided.v[i], stubs.p, e);
	for (size_t i = 0; i < s->sources.built.n && code == 0; i++)
		if (s->sources.built.v[i].line)
			code = pip_write_stub(&s->q->target, &s->sources.built.v[i].dist, stubs.p,
					      e);
	return code;
}

/* ---- the command ---- */

static void add(struct solving *s, const char *word)
{
	VEC_PUSH(&s->argv, word);
}

static void add_value(struct solving *s, const char *option, struct str value)
{
	add(s, option);
	add(s, arena_copy(&s->arena, value.p, value.n));
}

static void make_command(struct solving *s)
{
	static const char *const fixed[] = {
		"uv",
		"pip",
		"compile",
		"-",
		"--format",
		"pylock.toml",
		"--find-links",
		"stubs",
		"--config-file",
		"uv.toml",
		"--no-sources",
		"--no-header",
		"--no-progress",
		"--color",
		"never",
		"--only-binary",
		":all:",
		"--no-python-downloads",
	};
	s->argv.n = 0;
	for (size_t i = 0; i < COUNT(fixed); i++)
		add(s, fixed[i]);
	for (size_t i = 0; i < s->sources.names.n; i++)
		add_value(s, "--no-binary", s->sources.names.v[i]);
	add_value(s, "--python-version", s->q->target.python);
	add_value(s, "--python-platform",
		  arena_printf(&s->arena, "%s-manylinux_2_%u", s->q->target.platform->archspec,
			       pip_known_glibc(&s->q->target)));
	add_value(s, "--cache-dir", str_of(s->cache));
	/* Nobody else may open that; uv has no descriptor of ours but its input. */
	if (s->limits >= 0)
		add_value(s, "-c",
			  arena_printf(&s->arena, "/proc/%d/fd/%d", (int)getpid(), s->limits));
	for (size_t i = 0; i < s->q->requirements->trusted_hosts.n; i++)
		add_value(s, "--allow-insecure-host", s->q->requirements->trusted_hosts.v[i]);
	if (s->q->requirements->pre)
		add_value(s, "--prerelease", STR("allow"));
	if (s->q->requirements->require_hashes)
		add(s, "--generate-hashes");
	if (s->python)
		add_value(s, "--python", str_of(s->python));
	if (s->q->offline)
		add(s, "--offline");
	if (s->q->newest.n)
		add_value(s, "--exclude-newer", s->q->newest);
	VEC_PUSH(&s->argv, NULL);
}

/* UV_INDEX_NAME_USERNAME and _PASSWORD. Which indexes there are is the definition's to say: it
 * stands in the key. */
static bool is_login(struct str variable)
{
	struct str name = str_to(variable, str_find(variable, '='));
	return str_starts(name, "UV_INDEX_") &&
	       (str_ends(name, "_USERNAME") || str_ends(name, "_PASSWORD"));
}

/* As for what kiln asks for itself, unless uv is told otherwise. */
static void add_limit(struct solving *s, const char *variable, unsigned ms, unsigned usual_ms)
{
	unsigned seconds = ((ms ? ms : usual_ms) + 999) / 1000;
	if (!getenv(variable))
		VEC_PUSH(&s->env, arena_printf(&s->arena, "%s=%u", variable, seconds).p);
}

/* All that may reach it of the user's environment. */
static void make_environment(struct solving *s)
{
	static const char *const kept[] = {
		"PATH=",	  "HOME=",	   "TMPDIR=",	  "NETRC=",
		"SSL_CERT_FILE=", "SSL_CERT_DIR=", "http_proxy=", "https_proxy=",
		"no_proxy=",	  "all_proxy=",	   "HTTP_PROXY=", "HTTPS_PROXY=",
		"NO_PROXY=",	  "ALL_PROXY=",	   "UV_HTTP_",	  "UV_KEYRING_",
	};
	for (char **v = environ; *v; v++)
		for (size_t i = 0; i < COUNT(kept); i++)
			if (str_starts(str_of(*v), kept[i]) || is_login(str_of(*v))) {
				VEC_PUSH(&s->env, *v);
				break;
			}
	add_limit(s, "UV_HTTP_CONNECT_TIMEOUT", s->q->connect_ms, HTTP_CONNECT_MS);
	add_limit(s, "UV_HTTP_TIMEOUT", s->q->idle_ms, HTTP_IDLE_MS);
	VEC_PUSH(&s->env, NULL);
}

/* ---- asking ---- */

static void warn_of(const struct pip_request *q, struct str words)
{
	AUTO(arena_done) struct arena a = ARENA;
	struct str line;
	words = url_text_without_secrets(&a, words);
	while (words.n) {
		str_cut(&words, '\n', &line);
		if (str_starts(line, "warning: "))
			log_warn(q->log, "uv: %.*s", STR_ARG(str_from(line, strlen("warning: "))));
	}
}

/* The environment's own, in the sandbox: uv's questions to it are among uv's own files. */
static int give_python(struct solving *s, struct err **e)
{
	struct str script;
	s->python = arena_printf(&s->arena, "%s/python", s->folder).p;
	int code = s->q->python(s->q->cookie, &s->arena, s->cache, &script, e);
	if (code == 0)
		code = fs_write(s->python, script, 0700, e);
	return code < 0 ? err_wrap(e, code,
				   "uv finds no Python on this machine to ask (any would do), and "
				   "with the environment's own")
			: 1;
}

static bool wants_python(const struct solving *s, struct str words)
{
	static const char none[] = "No interpreter found";
	return s->q->python && !s->python && memmem(words.p, words.n, none, sizeof(none) - 1);
}

/* 1: it is to be asked again, with sources of more distributions or with a Python. */
static int ask(struct solving *s, struct arena *a, struct record **out, size_t *out_count,
	       struct err **e)
{
	AUTO(process_result_done) struct process_result result = PROCESS_RESULT(OUTPUT_MAX);
	struct process_request p = {s->argv.v, s->env.v, s->folder, s->input};
	if (lseek(s->input, 0, SEEK_SET) < 0)
		return err_sys(e, "requirements");
	int code = process_run(&p, SOLVE_MS, false, &result, e);
	if (code == ERR_ABSENT) {
		err_clear(e);
		return err_set(e, ERR_ABSENT,
			       "pip requirements need uv, which is not in PATH: `pip install uv` "
			       "brings it; a lock that was made once needs none");
	}
	if (code < 0)
		return err_wrap(e, code, "uv");
	if (result.status != 0 && wants_python(s, buf_str(&result.text)))
		return give_python(s, e);
	if (result.status != 0) {
		code = pip_sources_of_words(s->q, &s->sources, buf_str(&result.text), e);
		return code ? code : pip_explain(s->q, buf_str(&result.text), e);
	}
	warn_of(s->q, buf_str(&result.text));
	return pip_read_lock(s->q, buf_str(&result.out), a, out, out_count, e);
}

/* ---- hashes ---- */

/* Whether the line is of the distribution. An address tells no name: that of its source does, and
 * that of its wheel is in the name of the file. */
static bool is_of(const struct solving *s, const struct requirement_line *l,
		  const struct record *wheel)
{
	const struct pip_source *made = pip_source_of_line(&s->sources, l);
	if (made)
		return str_eq(made->record.name, wheel->name);
	if (l->requirement.normal.n || !wheel->direct)
		return str_eq(l->requirement.normal, wheel->name);
	return l->target.n > wheel->fn.n &&
	       str_eq(str_from(l->target, l->target.n - wheel->fn.n), wheel->fn);
}

/* Whether some line of the distribution has the wheel's hash; *out_any: whether it has one at
 * all. */
static bool is_listed(const struct solving *s, const struct record *wheel, bool *out_any)
{
	const struct requirements *r = s->q->requirements;
	*out_any = false;
	for (size_t i = 0; i < r->lines.n; i++) {
		const struct requirement_line *l = &r->lines.v[i];
		if (!is_of(s, l, wheel))
			continue;
		*out_any |= l->hashes.n > 0;
		for (size_t k = 0; k < l->hashes.n; k++) {
			struct digest d;
			if (str_starts(l->hashes.v[k], "sha256:") &&
			    digest_parse(str_from(l->hashes.v[k], strlen("sha256:")), &d) &&
			    digest_eq(&d, &wheel->sha256))
				return true;
		}
	}
	return false;
}

/* uv compares no hashes when it only resolves. One of them asks for all, as in pip. */
static int check_hashes(const struct solving *s, const struct record *wheels, size_t count,
			struct err **e)
{
	const struct pip_request *q = s->q;
	for (size_t i = 0; i < count; i++) {
		bool any, listed = is_listed(s, &wheels[i], &any);
		if (any && !listed)
			return err_set(e, ERR_DIGEST,
				       "%.*s: %.*s has sha256:%s, and none of its --hash is "
				       "that",
				       STR_ARG(wheels[i].name), STR_ARG(wheels[i].fn),
				       digest_text(&wheels[i].sha256).hex);
		if (q->requirements->require_hashes && !listed)
			return err_set(
				e, ERR_SYNTAX,
				"%.*s %.*s has no --hash: one hash, or --require-hashes, asks "
				"for those of all",
				STR_ARG(wheels[i].name), STR_ARG(wheels[i].version_text));
	}
	return 0;
}

/* One round: 1 when another one knows more. */
static int solve_once(struct solving *s, struct arena *a, struct record **out, size_t *out_count,
		      struct err **e)
{
	AUTO(buf_done) struct buf config = BUF(BUF_UNLIMITED);
	struct str path = arena_printf(&s->arena, "%s/uv.toml", s->folder);
	pip_sources_write(&s->sources, &config);
	int code = fs_write(path.p, buf_str(&config), 0600, e);
	if (code < 0)
		return code;
	make_command(s);
	if ((code = ask(s, a, out, out_count, e)) != 0)
		return code;
	return pip_sources_of_choice(s->q, &s->sources, *out, *out_count, e);
}

/* What stands in for a source that a line gave the address of becomes that source. */
static void name_sources(struct solving *s, struct arena *a, struct record *records, size_t count)
{
	for (size_t i = 0; i < s->sources.built.n; i++)
		for (size_t k = 0; k < count; k++)
			if (str_eq(s->sources.built.v[i].record.name, records[k].name) &&
			    s->sources.built.v[i].line)
				records[k] = s->sources.built.v[i].record;
	for (size_t k = 0; k < count; k++)
		record_copy(a, &records[k], &records[k]);
}

int pip_solve(const struct pip_request *q, struct arena *a, struct record **out, size_t *out_count,
	      struct err **e)
{
	AUTO(solving_done) struct solving s = {.q = q, .arena = ARENA, .input = -1, .limits = -1};
	AUTO(free) char *trees = NULL;
	/* among those that are swept */
	int code = layout_folder(q->cache, LAYOUT_TREES, &trees, e);
	if (code == 0)
		code = fs_temp_dir(trees, &s.folder, e);
	if (code == 0)
		code = pip_sources_of_lines(q, &s.sources, e);
	if (code == 0)
		code = write_inputs(&s, e);
	if (code == 0)
		code = choose_cache(&s, e);
	if (code == 0)
		code = write_stubs(&s, e);
	if (code < 0)
		return code;
	make_environment(&s);
	pip_sources_of_options(q, &s.sources);
	code = 1;
	for (int i = 0; i < ROUNDS_MAX && code == 1; i++)
		code = solve_once(&s, a, out, out_count, e);
	if (code == 1)
		return err_set(e, ERR_LIMIT, "more than %d distributions are sources", ROUNDS_MAX);
	if (code < 0)
		return code;
	name_sources(&s, a, *out, *out_count);
	return check_hashes(&s, *out, *out_count, e);
}
