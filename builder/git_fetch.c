/* builder/git_fetch.c - a commit of a git repository, by the program git. */
#include "builder/git_fetch.h"
#include "builder/credentials.h"
#include "cache/address.h"
#include "specs/base/process.h"
#include "specs/base/url.h"
#include "specs/base/vec.h"
#include <stdlib.h>

extern char **environ;

enum { OUTPUT_MAX = 1 << 20, GIT_MS = 30 * 60 * 1000, SHOWN = 1000 };

struct git {
	struct arena arena;
	const char *folder;
	struct str address; /* without a login and a token */
	VEC(const char *) env;
	unsigned settings; /* that stand in it */
	bool token;
};

static void git_done(struct git *g)
{
	VEC_DONE(&g->env);
	arena_wipe(&g->arena);
}
AUTO_DEFINE_VALUE(struct git, git_done)

/* ---- its environment ---- */

static void add_env(struct git *g, const char *variable)
{
	VEC_PUSH(&g->env, variable);
}

/* Here nobody else on the machine sees it, as words of a command are seen. */
static void add_setting(struct git *g, struct str key, struct str value)
{
	unsigned n = g->settings++;
	add_env(g, arena_printf(&g->arena, "GIT_CONFIG_KEY_%u=%.*s", n, STR_ARG(key)).p);
	add_env(g, arena_printf(&g->arena, "GIT_CONFIG_VALUE_%u=%.*s", n, STR_ARG(value)).p);
}

/* The user part of an http address, as the header that git sends to that address only. */
static void add_login(struct git *g, struct str real, struct str user)
{
	AUTO(secret_buf_done) struct buf header = BUF(BUF_UNLIMITED);
	struct str password = user;
	str_cut(&password, ':', &user);
	user = url_decoded(&g->arena, user);
	password = url_decoded(&g->arena, password);
	buf_add_text(&header, "Authorization: Basic ");
	base64_write(&header,
		     arena_printf(&g->arena, "%.*s:%.*s", STR_ARG(user), STR_ARG(password)));
	add_setting(g, arena_printf(&g->arena, "http.%.*s.extraHeader", STR_ARG(real)),
		    buf_str(&header));
	/* git would send the header to wherever it is redirected. */
	add_setting(g, STR("http.followRedirects"), STR("false"));
}

/* An address that holds a token goes by its shown form, for which a helper of ours is asked: git's
 * own, which git would call with the address as a word. A remote's name is all that it is called
 * with here; what the name stands for is a setting. Of what that helper can do only that is told
 * which needs no further command with the address (protocol version 2). */
static void add_token(struct git *g, struct str real)
{
	static const char helper[] =
		"!f() { [ \"$2\" = \"$KILN_GIT_ADDRESS\" ] || exec git remote-http \"$@\"; "
		"read -r capabilities && printf 'stateless-connect\\noption\\n\\n' && "
		"exec git remote-http kiln; }; f";
	g->token = true;
	add_env(g, arena_printf(&g->arena, "KILN_GIT_ADDRESS=%.*s", STR_ARG(g->address)).p);
	add_setting(g, arena_printf(&g->arena, "url.kiln::%.*s.insteadOf", STR_ARG(g->address)),
		    g->address);
	add_setting(g, STR("alias.remote-kiln"), STR(helper));
	add_setting(g, STR("remote.kiln.url"), real);
	add_setting(g, STR("protocol.version"), STR("2"));
}

static void add_secrets(struct git *g, struct str address)
{
	struct address at = address_split(address);
	if (str_is(at.scheme, "http") || str_is(at.scheme, "https")) {
		struct str real =
			arena_printf(&g->arena, "%.*s://%.*s%.*s%.*s", STR_ARG(at.scheme),
				     STR_ARG(at.host), STR_ARG(at.path), STR_ARG(at.query));
		if (at.user.n)
			add_login(g, real, at.user);
		if (!str_eq(real, g->address))
			add_token(g, real);
	}
	add_env(g, arena_printf(&g->arena, "GIT_CONFIG_COUNT=%u", g->settings).p);
}

/* Its own settings and those of ssh stay: they are how private repositories are reached. */
static void make_environment(struct git *g, struct str address)
{
	static const char *const kept[] = {
		"PATH=",	  "HOME=",	   "XDG_CONFIG_HOME=", "TMPDIR=",
		"SSL_CERT_FILE=", "SSL_CERT_DIR=", "GIT_SSL_CAINFO=",  "GIT_SSH_COMMAND=",
		"SSH_AUTH_SOCK=", "http_proxy=",   "https_proxy=",     "no_proxy=",
		"all_proxy=",	  "HTTP_PROXY=",   "HTTPS_PROXY=",     "NO_PROXY=",
		"ALL_PROXY=",	  "USER=",	   "LOGNAME=",
	};
	for (char **v = environ; *v; v++)
		for (size_t i = 0; i < COUNT(kept); i++)
			if (str_starts(str_of(*v), kept[i]))
				add_env(g, *v);
	add_env(g, "GIT_TERMINAL_PROMPT=0");
	add_env(g, "LC_ALL=C.UTF-8");
	add_secrets(g, address);
	/* A far repository's submodules must not be files of this machine. */
	add_env(g,
		arena_printf(&g->arena, "GIT_ALLOW_PROTOCOL=https:http:ssh:git%s%s",
			     g->token ? ":kiln" : "", str_starts(address, "file:") ? ":file" : "")
			.p);
	add_env(g, NULL);
}

/* ---- running it ---- */

static const struct {
	const char *words;
	int code;
} meanings[] = {
	{"Authentication failed", ERR_REFUSED},
	{"could not read Username", ERR_REFUSED},
	{"Permission denied", ERR_REFUSED},
	{"not found", ERR_NET},
	{"does not appear to be a git", ERR_NET},
	{"Could not resolve host", ERR_NET},
	{"unable to access", ERR_NET},
	{"Could not read from remote", ERR_NET},
	{"early EOF", ERR_NET},
};

static int failed(const struct git *g, struct str words, struct err **e)
{
	int code = ERR_FAILED;
	for (size_t i = COUNT(meanings); i-- > 0;)
		if (memmem(words.p, words.n, meanings[i].words, strlen(meanings[i].words)))
			code = meanings[i].code;
	AUTO(arena_wipe) struct arena a = ARENA;
	words = str_trim(url_text_without_secrets(&a, words));
	if (words.n > SHOWN)
		words = str_from(words, words.n - SHOWN);
	char *line = arena_copy(&a, words.p, words.n);
	for (size_t i = 0; i < words.n; i++)
		if ((unsigned char)line[i] < ' ')
			line[i] = ' ';
	bool old = g->token && strstr(line, "remote transport reported error");
	return err_set(e, code, "git: %.*s: %s%s", STR_ARG(g->address), line,
		       old ? "; a token in an address takes a server that speaks version 2 of "
			     "git's protocol, or a login instead"
			   : "");
}

enum { WORDS_MAX = 12 };

/* Runs git with these words behind those that make every run alike. status: NULL: all but 0 is an
 * error. */
static int run(struct git *g, const char *const *words, struct buf *out, int *status,
	       struct err **e)
{
	static const char *const always[] = {
		"git",
		"-c",
		"core.hooksPath=/dev/null",
		"-c",
		"core.autocrlf=false",
		"-c",
		"advice.detachedHead=false",
		"-c",
		"gc.auto=0", /* it would go on behind us, in what is kept */
	};
	AUTO(process_result_done) struct process_result r = PROCESS_RESULT(OUTPUT_MAX);
	const char *argv[COUNT(always) + WORDS_MAX + 1] = {0};
	size_t n = 0;
	for (size_t i = 0; i < COUNT(always); i++)
		argv[n++] = always[i];
	for (size_t i = 0; words[i] && i < WORDS_MAX; i++)
		argv[n++] = words[i];
	int code = process_run(&(struct process_request){argv, g->env.v, g->folder}, GIT_MS, false,
			       &r, e);
	if (code == ERR_ABSENT) {
		err_clear(e);
		return err_set(e, ERR_ABSENT,
			       "%.*s is a git source, and there is no git in PATH; install it",
			       STR_ARG(g->address));
	}
	if (code < 0)
		return err_wrap(e, code, "git");
	if (status)
		*status = r.status;
	else if (r.status)
		return failed(g, buf_str(&r.text), e);
	if (out)
		buf_add_str(out, str_trim(buf_str(&r.out)));
	return 0;
}
#define WORDS(...) ((const char *const[]){__VA_ARGS__, NULL})

/* The commit that a name stands for: of a branch the far one; 1 when there is none. */
static int find_commit(struct git *g, struct str revision, struct buf *out, struct err **e)
{
	static const char *const forms[] = {"refs/remotes/origin/%.*s^{commit}",
					    "refs/tags/%.*s^{commit}", "%.*s^{commit}"};
	for (size_t i = 0; i < COUNT(forms); i++) {
		AUTO(buf_done) struct buf name = BUF(BUF_UNLIMITED);
		const char *form = forms[i];
		size_t at = strcspn(form, "%");
		int status;
		buf_printf(&name, "%.*s%.*s%s", (int)at, form, STR_ARG(revision), form + at + 4);
		buf_clear(out);
		int code = run(g, WORDS("rev-parse", "-q", "--verify", name.data), out, &status, e);
		if (code < 0 || (status == 0 && source_is_commit(buf_str(out))))
			return code;
	}
	return 1;
}

/* Some servers give no commits that no branch leads to, unless they are asked for by name. */
static int resolve(struct git *g, struct str revision, struct buf *out, struct err **e)
{
	revision = revision.n ? revision : STR("HEAD");
	int code = find_commit(g, revision, out, e), status;
	if (code <= 0)
		return code;
	const char *name = arena_copy(&g->arena, revision.p, revision.n);
	code = run(g, WORDS("fetch", "-q", "--", "origin", name), NULL, &status, e);
	if (code == 0 && status == 0)
		code = find_commit(g, STR("FETCH_HEAD"), out, e);
	else if (code == 0)
		code = 1;
	return code != 1 ? code
			 : err_set(e, ERR_UNSOLVABLE, "git: %.*s has no revision %.*s",
				   STR_ARG(g->address), STR_ARG(revision));
}

static int begin(struct git *g, const struct source_address *s, struct err **e)
{
	if (!memmem(s->address.p, s->address.n, "://", 3))
		return err_set(e, ERR_SYNTAX, "git+%.*s: git+https://HOST/PATH is wanted",
			       STR_ARG(s->address));
	g->address = url_without_login(&g->arena, s->address);
	make_environment(g, s->address);
	return 0;
}

int git_fetch(const struct source_address *s, const char *folder, struct arena *a,
	      struct str *out_commit, struct err **e)
{
	AUTO(git_done) struct git g = {.arena = ARENA, .folder = folder};
	AUTO(buf_done) struct buf commit = BUF(4096);
	int code = begin(&g, s, e);
	if (code == 0)
		code = run(&g,
			   WORDS("clone", "-q", "--no-checkout", "--filter=blob:none", "--",
				 g.address.p, "."),
			   NULL, NULL, e);
	if (code == 0)
		code = resolve(&g, s->revision, &commit, e);
	if (code == 0)
		code = run(&g, WORDS("checkout", "-q", "--detach", commit.data), NULL, NULL, e);
	if (code == 0)
		code = run(&g, WORDS("submodule", "-q", "update", "--init", "--recursive"), NULL,
			   NULL, e);
	if (code == 0)
		*out_commit = arena_str(a, buf_str(&commit));
	return code;
}

/* ---- asking ---- */

/* Of lines "COMMIT<tab>REF", the commit of the first name that is there. */
static struct str commit_of(struct str lines, const struct str *names, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		struct str rest = lines, line, commit;
		while (rest.n) {
			str_cut(&rest, '\n', &line);
			str_cut(&line, '\t', &commit);
			if (str_eq(line, names[i]) && source_is_commit(commit))
				return commit;
		}
	}
	return STR("");
}

int git_ask(const struct source_address *s, const char *folder, struct arena *a,
	    struct str *out_commit, struct err **e)
{
	AUTO(git_done) struct git g = {.arena = ARENA, .folder = folder};
	AUTO(buf_done) struct buf lines = BUF(OUTPUT_MAX);
	int code = begin(&g, s, e);
	/* As git_fetch prefers them; a tag's own object is not what it stands for. */
	const struct str names[] = {
		arena_printf(&g.arena, "refs/heads/%.*s", STR_ARG(s->revision)),
		arena_printf(&g.arena, "refs/tags/%.*s^{}", STR_ARG(s->revision)),
		arena_printf(&g.arena, "refs/tags/%.*s", STR_ARG(s->revision)),
		STR("HEAD"),
	};
	size_t first = s->revision.n ? 0 : 3, last = s->revision.n ? 3 : 4;
	if (code == 0)
		code = run(&g,
			   s->revision.n ? WORDS("ls-remote", "-q", "--", g.address.p, names[0].p,
						 names[1].p, names[2].p)
					 : WORDS("ls-remote", "-q", "--", g.address.p, "HEAD"),
			   &lines, NULL, e);
	if (code == 0)
		*out_commit = arena_str(a, commit_of(buf_str(&lines), names + first, last - first));
	return code;
}
