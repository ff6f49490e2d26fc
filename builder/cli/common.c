/* builder/cli/common.c - settings and definition files from the command line. */
#include "builder/cli/common.h"
#include "specs/base/fs.h"
#include "specs/known_base.h"
#include "specs/moment.h"
#include <strings.h>
#include <unistd.h>

#define AT(field) offsetof(struct common_args, field)
const struct option_row definition_options[] = {
	{'f', "file", OPTION_TEXT, AT(file), "PATH",
	 "definition: a conda file, environment YAML (v2), v1 folder, or a name (kiln env)"},
	{'r', "requirement", OPTION_LIST, AT(requirements), "PATH", "requirements file of pip"},
	{0, "no-build", OPTION_FLAG, AT(no_build), NULL,
	 "refuse what pip would build from its source"},
	{'b', "base", OPTION_TEXT, AT(base), "IMAGE",
	 "base image: cpu, gpu, a reference, oci:DIR, a name of the configuration, or scratch: "
	 "none"},
	{0, "compression", OPTION_TEXT, AT(compression), "gzip|zstd", "of layers (gzip)"},
	{0, "exclude-newer", OPTION_TEXT, AT(exclude_newer), "DATE",
	 "no packages made after that day (UTC), or RFC 3339 moment"},
	{0},
};

const struct option_row image_options[] = {
	{'e', "env", OPTION_LIST, AT(env), "NAME=VALUE", "a variable of the image; repeatable"},
	{0, "label", OPTION_LIST, AT(labels), "NAME=VALUE", "a label of the image; repeatable"},
	{0, "user", OPTION_TEXT, AT(user), "USER[:GROUP]", "who its programs run as (the base's)"},
	{0, "workdir", OPTION_TEXT, AT(workdir), "PATH", "where they start (the base's)"},
	{0, "steps", OPTION_TEXT, AT(steps), "FILE",
	 "instructions of a Dockerfile behind the packages; for --engine docker and kiln render"},
	{0},
};

const struct option_row bytecode_options[] = {
	{0, "no-bytecode", OPTION_FLAG, AT(no_bytecode), NULL, "no .pyc for noarch packages"},
	{0},
};

const struct option_row verify_options[] = {
	{0, "verify", OPTION_FLAG, AT(verify), NULL, "check every file against its package's list"},
	{0},
};

const struct option_row lock_options[] = {
	{0, "environment", OPTION_TEXT, AT(environment), "NAME",
	 "which environment of a pixi.lock (default)"},
	{0},
};

const struct option_row channel_options[] = {
	{'c', "channel", OPTION_LIST, AT(channels), "CHANNEL", "a channel before the file's"},
	{0, "override-channels", OPTION_FLAG, AT(override_channels), NULL,
	 "use only the channels given with -c"},
	{0, "channel-priority", OPTION_TEXT, AT(priority), "strict|flexible|disabled",
	 "strict: the first channel that has a name is its only source"},
	{0},
};

const struct option_row virtual_options[] = {
	{0, "virtual", OPTION_LIST, AT(virtuals), "NAME=VERSION",
	 "a virtual package, NAME= takes it away; else the base's, else glibc 2.28, Linux 5.10"},
	{0},
};

const struct option_row target_options[] = {
	{0, "platform", OPTION_TEXT, AT(platform), "OS/ARCH",
	 "target platform (linux/amd64); several: linux/amd64,linux/arm64"},
	{0, "prefix", OPTION_TEXT, AT(prefix), "PATH", "where the environment lives (/opt/env)"},
	{0},
};

const struct option_row offline_options[] = {
	{0, "offline", OPTION_FLAG, AT(offline), NULL, "use only what the cache holds"},
	{0},
};

const struct option_row jobs_options[] = {
	{'j', "jobs", OPTION_COUNT, AT(jobs), "N", "threads (as many as there are processors)"},
	{0},
};

const struct option_row config_options[] = {
	{0, "config", OPTION_TEXT, AT(config), "FILE",
	 "settings; else $KILN_CONFIG, ./kiln.yml, the user's, /etc/kiln/kiln.yml"},
	{0},
};

const struct option_row cache_options[] = {
	{0, "cache", OPTION_TEXT, AT(cache), "DIR", "cache folder ($XDG_CACHE_HOME/kiln)"},
	{0},
};

const struct option_row json_options[] = {
	{0, "json", OPTION_FLAG, AT(json), NULL, "print the result as one JSON document"},
	{0},
};

const struct option_row common_options[] = {
	{0, "progress", OPTION_TEXT, AT(progress), "auto|tty|plain|none",
	 "how progress is shown on standard error"},
	{'q', "quiet", OPTION_FLAG, AT(quiet), NULL, "no progress, no warnings"},
	{'v', "verbose", OPTION_FLAG, AT(verbose), NULL, "say more"},
	{'h', "help", OPTION_FLAG, AT(help), NULL, "this text"},
	{0},
};
#undef AT

void session_done(struct session *s)
{
	build_close(STEAL(&s->build));
	definition_done(&s->definition);
	config_done(&s->config);
	free(STEAL(&s->base));
	for (size_t i = 0; i < COUNT(s->locks); i++)
		lock_done(&s->locks[i]);
	free(STEAL(&s->virtuals));
}

static int read_priority(const struct common_args *args, enum channel_priority *out, struct err **e)
{
	if (!args->priority || channel_priority_parse(str_of(args->priority), out))
		return 0;
	return err_set(e, ERR_USAGE,
		       "--channel-priority %s: strict, flexible or disabled is wanted",
		       args->priority);
}

static int read_compression(const struct common_args *args, const struct config *c,
			    enum compression *out, struct err **e)
{
	struct str name = args->compression ? str_of(args->compression) : c->compression;
	if ((!args->compression && !name.n) || compression_parse(name, out))
		return 0;
	return err_set(e, ERR_USAGE, "--compression %s: gzip or zstd is wanted", args->compression);
}

static int read_newest(const struct common_args *args, uint64_t *out, struct err **e)
{
	if (!args->exclude_newer || moment_parse(str_of(args->exclude_newer), out))
		return 0;
	return err_set(e, ERR_USAGE,
		       "--exclude-newer %s: a day (2024-03-25) or a moment "
		       "(2024-03-25T12:00:00Z) is wanted",
		       args->exclude_newer);
}

const char *session_cache(const struct common_args *args, const struct config *c)
{
	const char *environment = getenv("KILN_CACHE");
	if (args->cache || (environment && *environment))
		return args->cache;
	return c->cache.n ? c->cache.p : NULL;
}

int session_open(struct session *s, const struct common_args *args, bool update, struct err **e)
{
	int r = config_open(args->config, &s->config, e);
	if (r < 0)
		return r;
	const struct config *c = &s->config;
	struct build_options o = {
		.cache = session_cache(args, c),
		.names = {c->channel_alias, c->default_channels},
		.mirrors = &c->mirrors,
		.connect_ms = config_timeout_ms(c, "connect"),
		.idle_ms = config_timeout_ms(c, "idle"),
		.prefix = args->prefix,
		.platform = args->platform,
		.no_bytecode = args->no_bytecode,
		.verify = args->verify,
		.no_build = args->no_build,
		.offline = args->offline,
		.update = update,
		.jobs = args->jobs,
		.log = args->log,
	};
	r = read_priority(args, &o.priority, e);
	if (r == 0)
		r = read_compression(args, c, &o.compression, e);
	if (r == 0)
		r = read_newest(args, &o.newest_ms, e);
	if (r < 0)
		return r;
	o.virtuals = option_strs(&args->virtuals, &s->virtuals);
	return build_open(&o, &s->build, e);
}

static int read_text(const char *path, struct buf *out, struct err **e)
{
	if (strcmp(path, "-") == 0)
		return fs_read_fd(STDIN_FILENO, "standard input", out, e);
	return fs_read(path, out, e);
}

/* -c goes before the file's channels, or in their place. */
void session_channels(struct session *s, const struct common_args *args)
{
	struct definition *d = &s->definition;
	struct strs of_file = d->channels, none = {0}, settled = s->config.channels;
	if (args->channels.n || args->override_channels || d->lists_channels)
		settled = none;
	if (args->override_channels)
		of_file = none;
	d->channels = none;
	for (size_t i = 0; i < args->channels.n; i++)
		definition_add_channel(d, str_of(args->channels.v[i]));
	for (size_t i = 0; i < settled.n; i++)
		definition_add_channel(d, settled.v[i]);
	for (size_t i = 0; i < of_file.n; i++)
		definition_add_channel(d, of_file.v[i]);
	for (size_t i = 0; i < d->spec_count; i++)
		build_name_channels(s->build, &d->arena, &d->specs[i].spec);
}

struct strs session_to(const struct session *s, const struct option_list *named, struct str **array)
{
	struct strs to = option_strs(named, array);
	return to.n ? to : s->config.to;
}

const char *command_base(const struct config *c, const char *word)
{
	const struct strs *settled = config_find(&c->bases, str_of(word));
	const char *known = known_base_named(word);
	return settled ? settled->v[0].p : known ? known : word;
}

const char *session_base(const struct session *s, const struct common_args *args)
{
	const struct definition *d = &s->definition;
	if (!args->base && d->base.n)
		return d->base.p;
	if (!args->base && definition_has_steps(&d->steps))
		return NULL;
	if (args->base || s->takes_default)
		return command_base(&s->config, args->base ? args->base : "cpu");
	const struct strs *settled = config_find(&s->config.bases, STR("cpu"));
	return settled ? settled->v[0].p : NULL;
}

/* Whether the user names the base that the lock was made for, or none. */
static bool is_locked_base(const struct session *s, const char *name)
{
	AUTO(arena_done) struct arena a = ARENA;
	AUTO(buf_done) struct buf text = BUF(64 << 10);
	struct reference r;
	if (!name)
		return true;
	if (reference_parse(&a, str_of(name), &r, NULL) < 0)
		return false;
	reference_write(&r, &text);
	return str_eq(buf_str(&text), s->locked->base_name);
}

/* A lock holds what its base's name stood for: the name may stand for another image by now. */
static void find_locked_base(struct session *s, const char *name)
{
	struct buf text = BUF(BUF_UNLIMITED);
	if (!s->locked || !s->locked->base_digest.n || !s->locked->base_name.n ||
	    !is_locked_base(s, name))
		return;
	buf_add_str(&text, s->locked->base_name);
	bool folder = str_starts(s->locked->base_name, "oci:"); /* its name holds no digest */
	if (!folder && str_find(s->locked->base_name, '@') == s->locked->base_name.n)
		buf_printf(&text, "@%.*s", STR_ARG(s->locked->base_digest));
	s->base = buf_take(&text);
}

static void say_default(const struct session *s, const struct common_args *args, const char *base)
{
	AUTO(buf_done) struct buf line = BUF(64 << 10);
	if (args->base || s->definition.base.n)
		return;
	buf_printf(&line, "no base image is named: %s is taken; --base names another", base);
	log_line(args->log, line.data);
}

/* A base that nobody knows offline is named together with all else that is missing. */
static int set_base(struct session *s, const struct common_args *args, struct err **e)
{
	const char *base = session_base(s, args);
	/* The lock's own goes before what is only settled. */
	find_locked_base(s, args->base || s->definition.base.n ? base : NULL);
	const char *name = s->base ? s->base : base;
	/* As Docker calls no base at all. */
	bool none = !name || strcmp(name, "scratch") == 0;
	if (!none && !s->base)
		say_default(s, args, name);
	int r = none ? 0 : build_set_base(s->build, name, e);
	if (r != ERR_ABSENT || !args->offline)
		return r;
	struct err *more = NULL;
	if (build_offline(s->build, s->solves ? &s->definition : NULL, s->locked, &more) < 0) {
		err_free(*e);
		*e = more;
	}
	return r;
}

static int set_pairs(struct definition *d, const char *option, const struct option_list *pairs,
		     struct err **e)
{
	bool env = strcmp(option, "--env") == 0;
	for (size_t i = 0; i < pairs->n; i++)
		if (definition_set_pair(d, env, str_of(pairs->v[i])) < 0)
			return err_set(e, ERR_USAGE, "%s %s: NAME=VALUE is wanted", option,
				       pairs->v[i]);
	return 0;
}

/* FROM would begin another image, without the packages. */
static int check_steps(const char *path, struct str text, struct err **e)
{
	struct str line, word;
	bool goes_on = false;
	for (unsigned number = 1; text.n; number++) {
		str_cut(&text, '\n', &line);
		line = word = str_trim(line);
		word = str_to(word, strcspn(word.p, " \t\r\n"));
		if (!goes_on && word.n == 4 && strncasecmp(word.p, "FROM", 4) == 0)
			return err_set(
				e, ERR_USAGE,
				"%s:%u:1: FROM begins another image; the steps are behind the "
				"packages of this one",
				path, number);
		goes_on = line.n && line.p[line.n - 1] == '\\';
	}
	return 0;
}

static int read_steps(struct definition *d, const char *path, struct err **e)
{
	AUTO(buf_done) struct buf text = BUF(DEFINITION_DOCKERFILE_MAX);
	int r = fs_read(path, &text, e);
	if (r == 0)
		r = check_steps(path, buf_str(&text), e);
	if (r == 0)
		d->after = arena_str(&d->arena, buf_str(&text));
	return r < 0 ? err_wrap(e, r, "--steps") : 0;
}

/* What the command line says of the image goes before what the definition does. */
static int set_image(struct definition *d, const struct common_args *args, struct err **e)
{
	int r = set_pairs(d, "--env", &args->env, e);
	if (r == 0)
		r = set_pairs(d, "--label", &args->labels, e);
	if (r == 0 && args->workdir && args->workdir[0] != '/')
		return err_set(e, ERR_USAGE, "--workdir %s: no absolute path", args->workdir);
	if (args->workdir)
		d->workdir = str_of(args->workdir);
	if (args->user)
		d->user = str_of(args->user);
	if (r == 0 && args->steps)
		r = read_steps(d, args->steps, e);
	return r;
}

/* What who builds a curated environment should know of it. */
static int warn_of_entry(const struct named *n, const struct common_args *args, const char *word,
			 struct err **e)
{
	AUTO(arena_done) struct arena a = ARENA;
	const struct definition *d = &n->definition;
	struct catalog_about about;
	int r = n->curated ? catalog_read_about(&n->entry, &a, &about, e) : 0;
	if (r < 0 || !n->curated)
		return r;
	if (about.deprecated)
		log_warn(args->log, "%s is deprecated%s%.*s", word,
			 about.successor.n ? "; its successor is " : "", STR_ARG(about.successor));
	if (!args->base && !d->base.n && !d->steps.dockerfile.n)
		log_warn(args->log,
			 "%s: nobody knows the base that it was published with; name one with "
			 "--base",
			 word);
	return 0;
}

static int read_definition(struct session *s, const struct common_args *args, const char *word,
			   struct named *n, struct err **e)
{
	struct definition *d = &n->definition;
	const struct option_list *files = &args->requirements;
	int r = named_read(&s->config, args, word, n, e);
	if (r == 0 && d->unbuildable.n)
		return err_set(e, ERR_SYNTAX, "%.*s", STR_ARG(d->unbuildable));
	for (size_t i = 0; r == 0 && i < files->n; i++)
		r = requirements_read(&d->pip, files->v[i], false, args->log, e);
	if (r == 0)
		r = set_image(d, args, e);
	if (r == 0)
		r = warn_of_entry(n, args, word, e);
	/* Another base stands in the place of the definition's, however that is made. */
	if (args->base)
		d->steps = (struct definition_steps){0};
	/* What is nothing but its base, or was made on one that nobody knows, is not guessed. */
	s->takes_default &= !d->user_managed && !n->curated;
	s->definition = *d;
	*d = (struct definition)DEFINITION;
	return r;
}

/* The definition's own, where the command line names none; both must agree. */
static int set_platform(struct session *s, const struct common_args *args, struct err **e)
{
	struct str own = s->definition.platform;
	const struct build *b = s->build;
	if (!own.n)
		return 0;
	if (!args->platform && !s->locked)
		return build_set_platform(s->build, own.p, e);
	for (; b; b = build_next(b))
		if (!str_is(own, build_platform(b)->image))
			return err_set(e, ERR_USAGE,
				       "the definition is for %s (docker.platform), not for %s: "
				       "--platform %s",
				       own.p, build_platform(b)->image, own.p);
	return 0;
}

static void drop_locks(struct session *s)
{
	for (size_t i = 0; i < COUNT(s->locks); i++)
		lock_done(&s->locks[i]);
	s->locked = NULL;
}

/* A lock that nobody asked for is left alone where the definition has changed since. */
static void use_kept_lock(struct session *s, const struct common_args *args, const struct named *n)
{
	AUTO(err_free) struct err *why = NULL;
	if (!s->keeps || s->locked || !n->lock)
		return;
	int r = session_lock_text(s, args, str_of(n->lock), n->lock_name, &why);
	if (r == 0)
		r = session_lock_fits(s, args, &why);
	if (r == 0) {
		s->solves = false;
		return;
	}
	drop_locks(s);
	AUTO(free) char *line = err_line(why);
	line[strcspn(line, "\n;")] = 0;
	log_warn(args->log, "the lock kept with the definition (%s) does not fit: %s; it is solved",
		 n->lock_name, line);
}

int session_definition(struct session *s, const struct common_args *args,
		       const struct option_list *rest, struct err **e)
{
	const char *path = args->file ? args->file : rest->n ? rest->v[0] : NULL;
	if (!path)
		return err_set(
			e, ERR_USAGE,
			"no definition: name a file, a v1 environment's folder, an environment "
			"of `kiln env list`, or - for standard input");
	size_t words = args->file ? 0 : 1;
	if (rest->n > words)
		return err_set(e, ERR_USAGE, "%s: one definition is wanted", rest->v[words]);
	AUTO(named_done) struct named named = NAMED;
	int r = read_definition(s, args, path, &named, e);
	if (r == 0)
		r = set_platform(s, args, e);
	if (r == 0)
		r = build_fetch_context(s->build, &s->definition, e);
	if (r < 0)
		return r;
	session_channels(s, args);
	use_kept_lock(s, args, &named);
	return set_base(s, args, e);
}

int session_lock_text(struct session *s, const struct common_args *args, struct str text,
		      const char *name, struct err **e)
{
	AUTO(free) char *folder = NULL;
	struct lock *to = s->locks;
	int r = fs_folder_of(name, &folder, e);
	for (const struct build *b = s->build; b && r == 0; b = build_next(b), to++) {
		struct lock_source from = {text, name, build_platform(b)->subdir,
					   args->environment};
		r = lock_read_from(&from, to, e);
		if (r == 0)
			lock_make_absolute(to, folder);
	}
	if (r == 0)
		s->locked = s->locks;
	return r;
}

int session_lock(struct session *s, const struct common_args *args, const char *path,
		 struct err **e)
{
	AUTO(buf_done) struct buf text = BUF(LOCK_SIZE_MAX);
	int r = read_text(path, &text, e);
	return r < 0 ? r : session_lock_text(s, args, buf_str(&text), path, e);
}

int session_lock_fits(const struct session *s, const struct common_args *args, struct err **e)
{
	const struct definition *d = &s->definition;
	const struct lock *l = s->locked;
	int r = 0;
	for (struct build *b = s->build; b && r == 0; b = build_next(b))
		r = build_lock_fits(b, d, l++, e);
	if (r == 0 && !args->base && d->base.n && !is_locked_base(s, d->base.p))
		r = err_set(e, ERR_USAGE, "it is for the base %.*s", STR_ARG(s->locked->base_name));
	return r;
}

void session_rebase(struct session *s, const struct common_args *args)
{
	struct lock *l = s->locks;
	for (struct build *b = s->build; b && s->locked && args->base; b = build_next(b))
		build_rebase(b, l++);
}

int session_one_platform(const struct session *s, struct err **e)
{
	if (!build_next(s->build))
		return 0;
	return err_set(e, ERR_USAGE, "--platform: this command is for one platform at a time");
}
