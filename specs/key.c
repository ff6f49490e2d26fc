/* specs/key.c - the canonical text of a definition, and its digest. */
#include "specs/key.h"
#include "specs/base/url.h"

/* Raised when kiln makes another image of the same definition. */
enum { FORMAT = 2 };
enum { MAX_TEXT = 16 << 20 };

/* A value stays in its line, so that no value can pass for another part. */
static void put_escaped(struct buf *out, struct str s)
{
	for (size_t i = 0; i < s.n; i++) {
		if (s.p[i] == '\n')
			buf_add_text(out, "\\n");
		else if (s.p[i] == '\\')
			buf_add_text(out, "\\\\");
		else
			buf_add_char(out, s.p[i]);
	}
}

static void put_part(struct buf *out, const char *part, struct str value)
{
	buf_printf(out, "%s ", part);
	put_escaped(out, value);
	buf_add_char(out, '\n');
}

static int compare_texts(const void *a, const void *b)
{
	return str_cmp(*(const struct str *)a, *(const struct str *)b);
}

/* The texts as a set: sorted, each once. */
static void put_set(struct buf *out, const char *part, struct str *v, size_t n)
{
	if (n)
		qsort(v, n, sizeof(*v), compare_texts);
	for (size_t i = 0; i < n; i++)
		if (i == 0 || !str_eq(v[i], v[i - 1]))
			put_part(out, part, v[i]);
}

static void put_texts(struct buf *out, struct arena *a, const char *part, struct strs texts)
{
	struct str *v = arena_zero(a, texts.n, sizeof(*v));
	for (size_t i = 0; i < texts.n; i++)
		v[i] = texts.v[i];
	put_set(out, part, v, texts.n);
}

static void put_specs(struct buf *out, struct arena *a, const struct definition *d)
{
	struct str *v = arena_zero(a, d->spec_count, sizeof(*v));
	AUTO(buf_done) struct buf text = BUF(MAX_TEXT);
	for (size_t i = 0; i < d->spec_count; i++) {
		buf_clear(&text);
		matchspec_canonical(&d->specs[i].spec, &text);
		v[i] = arena_str(a, buf_str(&text));
	}
	put_set(out, "spec", v, d->spec_count);
}

/* Where the packages come from, in order: a channel is the same with and without token. */
static void put_channels(struct buf *out, struct arena *a, struct strs channels)
{
	for (size_t i = 0; i < channels.n; i++) {
		struct str channel = url_without_secrets(a, channels.v[i]);
		while (channel.n > 1 && channel.p[channel.n - 1] == '/')
			channel.n--;
		put_part(out, "channel", channel);
	}
}

static void put_lines(struct buf *out, struct arena *a, const struct requirements *r,
		      bool constraint)
{
	struct str *v = arena_zero(a, r->lines.n, sizeof(*v));
	AUTO(buf_done) struct buf text = BUF(MAX_TEXT);
	size_t n = 0;
	for (size_t i = 0; i < r->lines.n; i++) {
		struct requirement_line line = r->lines.v[i];
		if (line.constraint != constraint)
			continue;
		buf_clear(&text);
		requirement_line_show(&line, a, &text);
		v[n++] = arena_str(a, buf_str(&text));
	}
	put_set(out, constraint ? "pip-constraint" : "pip", v, n);
}

/* Where distributions come from, in order, and what may be chosen. Who is trusted does not count,
 * nor that wheels are wanted: they are preferred, but where --no-binary is for all. */
static void put_requirements(struct buf *out, struct arena *a, const struct requirements *r)
{
	put_lines(out, a, r, false);
	put_lines(out, a, r, true);
	if (r->index_url.n)
		put_part(out, "pip-index", url_without_login(a, r->index_url));
	for (size_t i = 0; i < r->extra_index_urls.n; i++)
		put_part(out, "pip-extra-index", url_without_login(a, r->extra_index_urls.v[i]));
	for (size_t i = 0; i < r->find_links.n; i++)
		put_part(out, "pip-find-links", url_without_login(a, r->find_links.v[i]));
	put_texts(out, a, "pip-no-binary", (struct strs){r->no_binary.v, r->no_binary.n});
	if (requirements_format(r, STR("")) == FORMAT_SOURCE)
		put_texts(out, a, "pip-only-binary",
			  (struct strs){r->only_binary.v, r->only_binary.n});
	const struct {
		const char *name;
		bool set;
	} switches[] = {
		{"no-index", r->no_index}, {"pre", r->pre}, {"require-hashes", r->require_hashes}};
	for (size_t i = 0; i < COUNT(switches); i++)
		if (switches[i].set)
			put_part(out, "pip-switch", str_of(switches[i].name));
}

static void put_digest(struct buf *out, const char *part, struct str text)
{
	struct digest digest;
	digest_of(text.p, text.n, &digest);
	put_part(out, part, str_of(digest_name(&digest).text));
}

/* A Dockerfile makes the base, alone or with the files of its context. */
static void put_steps(struct buf *out, const struct definition_steps *s)
{
	if (s->dockerfile.n)
		put_digest(out, "dockerfile", s->dockerfile);
	if (!s->context.n)
		return;
	put_part(out, "context", s->digest.n ? s->digest : s->context);
	put_part(out, "dockerfile-path",
		 s->dockerfile_path.n ? s->dockerfile_path : STR("Dockerfile"));
}

static void put_variables(struct buf *out, struct arena *a, const char *part,
			  const struct definition_variable *v, size_t n)
{
	for (size_t i = 0; i < n; i++)
		put_part(out, part,
			 arena_printf(a, "%.*s=%.*s", STR_ARG(v[i].name), STR_ARG(v[i].value)));
}

/* What the image's configuration has of the definition, and not of its packages. */
static void put_settings(struct buf *out, struct arena *a, const struct definition *d)
{
	put_variables(out, a, "environment", d->environment, d->environment_count);
	put_variables(out, a, "label", d->labels, d->label_count);
	if (d->user.n)
		put_part(out, "user", d->user);
	if (d->workdir.n)
		put_part(out, "workdir", d->workdir);
	if (d->user_managed)
		put_part(out, "user-managed", STR("yes"));
	struct str folder = definition_interpreter_folder(d);
	if (folder.n)
		put_part(out, "interpreter-folder", folder);
}

void key_text(const struct key_input *in, struct buf *out)
{
	AUTO(arena_done) struct arena a = ARENA;
	const struct definition *d = in->definition;
	buf_printf(out, "kiln %d\n", FORMAT);
	put_part(out, "platform", in->platform);
	if (in->foreign.n)
		put_part(out, "foreign", in->foreign);
	put_part(out, "base", in->base_digest.n ? in->base_digest : STR("none"));
	put_steps(out, &d->steps);
	if (d->after.n)
		put_digest(out, "steps", d->after);
	put_part(out, "prefix", in->prefix);
	put_part(out, "compression", in->compression);
	put_part(out, "bytecode", in->bytecode ? STR("yes") : STR("no"));
	put_part(out, "priority", in->priority);
	if (in->newest.n)
		put_part(out, "exclude-newer", in->newest);
	put_channels(out, &a, in->channels);
	put_texts(out, &a, "virtual", in->virtuals);
	put_specs(out, &a, d);
	put_requirements(out, &a, &d->pip);
	put_texts(out, &a, "pip-local", in->local);
	put_variables(out, &a, "variable", d->variables, d->variable_count);
	put_settings(out, &a, d);
}

void key_digest(const struct key_input *in, struct digest *out)
{
	AUTO(buf_done) struct buf text = BUF(BUF_UNLIMITED);
	key_text(in, &text);
	digest_of(text.data, text.n, out);
}

struct strs key_requirements(struct arena *a, const struct definition *d)
{
	AUTO(buf_done) struct buf text = BUF(MAX_TEXT);
	put_requirements(&text, a, &d->pip);
	struct str rest = arena_str(a, buf_str(&text)), line;
	size_t lines = 0, n = 0;
	for (size_t i = 0; i < rest.n; i++)
		lines += rest.p[i] == '\n';
	struct str *v = arena_zero(a, lines + 1, sizeof(*v));
	while (rest.n) {
		str_cut(&rest, '\n', &line);
		v[n++] = line;
	}
	return (struct strs){v, n};
}
