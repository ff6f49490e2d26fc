/* builder/cli/common.c - settings and definition files from the command line. */
#include "builder/cli/common.h"
#include "specs/base/fs.h"

enum { DEFINITION_MAX = 4 << 20, LOCK_MAX = 64 << 20 };

void session_done(struct session *s)
{
	build_close(STEAL(&s->build));
	definition_done(&s->definition);
	free(STEAL(&s->virtuals));
}

static int read_priority(const struct common_args *args, bool *flexible, struct err **e)
{
	const char *text = args->priority ? args->priority : "strict";
	*flexible = strcmp(text, "flexible") == 0;
	if (*flexible || strcmp(text, "strict") == 0)
		return 0;
	return err_set(e, ERR_USAGE, "--channel-priority %s: strict or flexible is wanted", text);
}

int session_open(struct session *s, const struct common_args *args, struct build_options extra,
		 const char *base, struct err **e)
{
	struct build_options o = extra;
	int r = read_priority(args, &o.flexible, e);
	if (r < 0)
		return r;
	o.cache = args->cache;
	o.prefix = args->prefix;
	o.platform = args->platform;
	o.virtuals = option_strs(&args->virtuals, &s->virtuals);
	o.offline = args->offline;
	o.jobs = args->jobs;
	o.log = args->log;
	if ((r = build_open(&o, &s->build, e)) < 0)
		return r;
	return base ? build_set_base(s->build, base, e) : 0;
}

static int read_text(const char *path, struct buf *out, struct err **e)
{
	if (strcmp(path, "-") == 0)
		return fs_read_fd(STDIN_FILENO, "standard input", out, e);
	return fs_read(path, out, e);
}

/* -c goes before the file's channels, or in their place. */
static void add_channels(struct definition *d, const struct common_args *args)
{
	struct strs of_file = d->channels;
	if (args->channels.n == 0 && !args->override_channels)
		return;
	d->channels = (struct strs){0};
	for (size_t i = 0; i < args->channels.n; i++)
		definition_add_channel(d, str_of(args->channels.v[i]));
	for (size_t i = 0; i < of_file.n && !args->override_channels; i++)
		definition_add_channel(d, of_file.v[i]);
}

int session_definition(struct session *s, const struct common_args *args, const char *file,
		       const struct option_list *rest, struct err **e)
{
	const char *path = file ? file : rest->n ? rest->v[0] : NULL;
	if (!path)
		return err_set(e, ERR_USAGE,
			       "no definition: name a conda file, or - for standard input");
	if (rest->n > (file ? 0 : 1))
		return err_set(e, ERR_USAGE, "%s: one definition is wanted", rest->v[file ? 0 : 1]);
	AUTO(buf_done) struct buf text = BUF(DEFINITION_MAX);
	int r = read_text(path, &text, e);
	if (r < 0)
		return r;
	r = definition_parse(buf_str(&text), strcmp(path, "-") ? path : "standard input", args->log,
			     &s->definition, e);
	if (r == 0)
		add_channels(&s->definition, args);
	return r;
}

int session_lock(const struct common_args *args, const char *path, struct lock *out, struct err **e)
{
	const struct platform *platform;
	AUTO(buf_done) struct buf text = BUF(LOCK_MAX);
	int r = platform_find(args->platform ? args->platform : "linux/amd64", &platform, e);
	if (r < 0)
		return r;
	if ((r = read_text(path, &text, e)) < 0)
		return r;
	return lock_read(buf_str(&text), path, platform->subdir, out, e);
}
