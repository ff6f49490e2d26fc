/* builder/cli/cmd_search.c - kiln search: the records that match, best first. */
#include "builder/cli/common.h"
#include "builder/solve.h"
#include "specs/base/json.h"

static void put_record(struct json_out *j, const struct record *r)
{
	json_open(j, NULL, '{');
	json_put_str(j, "name", r->name);
	json_put_str(j, "version", r->version_text);
	json_put_str(j, "build", r->build);
	json_put_u64(j, "build_number", r->build_number);
	json_put_str(j, "subdir", r->subdir);
	json_put_str(j, "channel", r->channel);
	json_put_str(j, "url", r->url);
	json_put_text(j, "sha256", r->has_sha256 ? digest_text(&r->sha256).hex : NULL);
	json_put_u64(j, "size", r->size);
	json_put_strs(j, "depends", r->depends);
	json_put_strs(j, "constrains", r->constrains);
	json_put_u64(j, "timestamp", r->timestamp);
	json_close(j, '}');
}

static void put_line(struct buf *out, const struct record *r)
{
	buf_printf(out, "%-24.*s %-16.*s %-28.*s %.*s/%.*s\n", STR_ARG(r->name),
		   STR_ARG(r->version_text), STR_ARG(r->build), STR_ARG(r->channel),
		   STR_ARG(r->subdir));
}

struct search {
	struct channels channels;
	enum channel_priority priority;
	struct json_out *to;
	bool json;
	struct buf nearest; /* names, of specs that nothing matches */
};

/* Returns 1 when anything was found. */
static int search_one(struct search *s, const struct matchspec *spec, struct err **e)
{
	AUTO(arena_done) struct arena a = ARENA;
	struct record *records;
	size_t count;
	int r = solve_search(&s->channels, spec, s->priority, &a, &records, &count, e);
	if (r < 0)
		return r;
	for (size_t i = 0; i < count; i++)
		if (s->json)
			put_record(s->to, &records[i]);
		else
			put_line(s->to->to, &records[i]);
	if (!count && !s->nearest.n)
		solve_nearest(&s->channels, spec->name, &s->nearest);
	return count > 0;
}

static int nothing_found(const struct option_list *specs, const struct buf *nearest, struct err **e)
{
	AUTO(buf_done) struct buf text = BUF(BUF_UNLIMITED);
	for (size_t i = 0; i < specs->n; i++)
		buf_printf(&text, "%s%s", i ? ", " : "", specs->v[i]);
	return err_set(e, ERR_ABSENT, "nothing matches %s%s%s", text.data,
		       nearest->n ? "; nearest: " : "", nearest->data);
}

static void search_done(struct search *s)
{
	channels_close(&s->channels);
	buf_done(&s->nearest);
}
AUTO_DEFINE_VALUE(struct search, search_done)

/* Fewer than the specs when one of them has a pattern for a name. */
static struct strs names_of(struct arena *a, const struct matchspec *specs, size_t n)
{
	struct str *names = arena_zero(a, n, sizeof(*names));
	struct strs out = {names, 0};
	for (size_t i = 0; i < n; i++)
		if (!solve_is_pattern(specs[i].name))
			names[out.n++] = specs[i].name;
	return out;
}

/* All specs in their order; a wrong one costs no network. Returns 1 when anything was found. */
static int search_all(struct search *search, struct session *s, const struct option_list *texts,
		      struct err **e)
{
	AUTO(arena_done) struct arena a = ARENA;
	struct matchspec *specs = arena_zero(&a, texts->n, sizeof(*specs));
	int r = 0, found = 0;
	for (size_t i = 0; i < texts->n; i++) {
		r = matchspec_parse(&a, str_of(texts->v[i]), MATCHSPEC_SEARCH, &specs[i], e);
		if (r < 0)
			return err_wrap(e, r, "%s", texts->v[i]);
		build_name_channels(s->build, &a, &specs[i]);
	}
	struct strs wanted = names_of(&a, specs, texts->n);
	const struct strs *only = wanted.n == texts->n ? &wanted : NULL;
	if ((r = build_channels(s->build, &s->definition, only, &search->channels, e)) < 0)
		return r;
	for (size_t i = 0; i < texts->n && r >= 0; i++) {
		r = search_one(search, &specs[i], e);
		found |= r > 0;
	}
	return r < 0 ? r : found;
}

static int search_run(void *at, const struct option_list *rest, struct err **e)
{
	const struct common_args *args = at;
	AUTO(session_done) struct session s = SESSION;
	AUTO(buf_done) struct buf out = BUF(BUF_UNLIMITED);
	struct json_out j = {&out};
	if (rest->n == 0)
		return err_set(e, ERR_USAGE, "search wants a match spec, as 'numpy >=1.26'");
	int r = session_open(&s, args, false, e);
	if (r == 0)
		r = session_one_platform(&s, e);
	if (r < 0)
		return r;
	session_channels(&s, args);
	bool json = args->json;
	AUTO(search_done)
	struct search search = {
		.priority = build_priority(s.build), .to = &j, .json = json, .nearest = BUF(4096)};
	if (json) {
		json_open(&j, NULL, '{');
		json_open(&j, "records", '[');
	}
	int found = search_all(&search, &s, rest, e);
	if (found < 0)
		return found;
	if (json) {
		json_close(&j, ']');
		json_close(&j, '}');
		buf_add_char(&out, '\n');
	}
	r = command_print(&out, e);
	return r < 0 || found ? r : nothing_found(rest, &search.nearest, e);
}

const struct command cmd_search = {
	.name = "search",
	.usage = "search -c CHANNEL [OPTIONS] SPEC...",
	.summary = "list the records that match, best first",
	.options = (const struct option_row *const[]){channel_options, SESSION_TABLES},
	.args_size = sizeof(struct common_args),
	.run = search_run,
};
