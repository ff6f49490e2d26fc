/* builder/cli/cmd_plan.c - kiln plan: what a build would do, and does not. */
#include "builder/cli/common.h"
#include "builder/cli/progress.h"
#include "builder/plan.h"

struct plan_args {
	struct common_args common;
	const char *locked;
	struct option_list to;
};

/* Whether the base is one that an engine has yet to make. */
static bool lacks_base(const struct plan *p)
{
	return p->has_steps && !p->steps.made;
}

static void say_steps(const struct plan *p, struct buf *out)
{
	const struct plan_steps *s = &p->steps;
	if (lacks_base(p))
		buf_add_text(out, "base      to be made first, by kiln build --engine docker\n");
	if (s->context.n)
		buf_printf(out, "          of %.*s in %.*s\n", STR_ARG(s->dockerfile),
			   STR_ARG(s->context));
	else
		buf_add_text(out, "          of the definition's Dockerfile\n");
	for (size_t i = 0; i < s->from.n; i++)
		buf_printf(out, "          FROM %.*s\n", STR_ARG(s->from.v[i]));
	if (lacks_base(p) && s->image.n)
		buf_printf(out, "          pushed as %.*s\n", STR_ARG(s->image));
}

static void say_base(const struct plan *p, struct buf *out)
{
	char size[16];
	buf_printf(out, "key       %s\n", digest_text(&p->key).hex);
	if (p->base_name.n)
		buf_printf(out, "base      %.*s\n          %s, layers: %zu, %s\n",
			   STR_ARG(p->base_name), digest_name(&p->base_digest).text, p->base_layers,
			   size_text(p->base_size, size));
	if (p->has_steps)
		say_steps(p, out);
	buf_printf(out, "platform  %s, at %s\n", p->platform, p->prefix);
}

static void say_virtuals(const struct plan *p, struct buf *out)
{
	const struct virtuals *v = &p->virtuals;
	buf_printf(out, "\nvirtual packages%s\n",
		   lacks_base(p) && v->row_count
			   ? " (the base's are not known yet: --virtual names them)"
			   : "");
	for (size_t i = 0; i < v->row_count; i++) {
		const struct virtual_row *row = &v->rows[i];
		bool named = row->build.n && !str_is(row->build, "0");
		AUTO(buf_done) struct buf version = BUF(4096);
		buf_printf(&version, "%.*s%s%.*s",
			   STR_ARG(row->version.n ? row->version : STR("none")), named ? " " : "",
			   named ? (int)row->build.n : 0, named ? row->build.p : "");
		buf_printf(out, "  %-12.*s %-12s %.*s\n", STR_ARG(row->name), version.data,
			   STR_ARG(row->from));
	}
}

static void say_packages(const struct plan *p, struct buf *out)
{
	char size[16];
	buf_printf(out, "\npackages: %zu, to download %zu", p->lock.count, p->download_count);
	if (p->download)
		buf_printf(out, ", %s", size_text(p->download, size));
	if (p->unsized)
		buf_printf(out, " and %zu of unknown size", p->unsized);
	buf_add_char(out, '\n');
	for (size_t i = 0; i < p->lock.count; i++) {
		const struct record *r = &p->lock.records[i];
		buf_printf(out, "  %-24.*s %-14.*s %-24.*s %8s  %-8s %.*s/%.*s\n", STR_ARG(r->name),
			   STR_ARG(r->version_text), STR_ARG(r->build),
			   r->size ? size_text(r->size, size) : "?", p->cached[i] ? "cached" : "",
			   STR_ARG(r->channel), STR_ARG(r->subdir));
	}
}

/* What has to be done for a layer. */
static const char *work_of(const struct plan *p, size_t l)
{
	static const char *const states[] = {
		[PLAN_UNKNOWN] = "", [PLAN_MISSING] = "pack", [PLAN_PACKED] = "packed"};
	size_t there = 0;
	for (size_t i = 0; i < p->to_count; i++)
		there += p->to[i].has[l];
	if (there && there == p->to_count)
		return "pushed";
	return p->layers[l].downloads ? "download" : states[p->layers[l].state];
}

static void say_layers(const struct plan *p, struct buf *out)
{
	char size[16];
	if (!p->layers) {
		buf_add_text(out, "\nlayers: not known before the packages are here\n");
		return;
	}
	buf_printf(out, "\nlayers: %zu, on the base's", p->layer_count);
	if (!lacks_base(p))
		buf_printf(out, " %zu", p->base_layers);
	buf_add_char(out, '\n');
	for (size_t l = 0; l < p->layer_count; l++) {
		const struct plan_layer *layer = &p->layers[l];
		buf_printf(out, "  %8s  %-9s ",
			   size_text(layer->known ? layer->size : layer->archives, size),
			   work_of(p, l));
		for (size_t i = 0; i < layer->packages.n; i++)
			buf_printf(out, "%s%.*s", i ? ", " : "", STR_ARG(layer->packages.v[i]));
		buf_add_char(out, '\n');
	}
}

static void say_destination(const struct plan *p, size_t at, struct buf *out)
{
	const struct plan_destination *to = &p->to[at];
	uint64_t send = to->base_send;
	size_t there = 0, unknown = 0;
	char size[16];
	buf_printf(out, "\n%.*s\n", STR_ARG(to->name));
	if (to->built) {
		buf_printf(out, "  has the image of this key: %s\n", digest_name(&to->image).text);
		return;
	}
	for (size_t l = 0; l < p->layer_count; l++) {
		there += to->has[l];
		unknown += !p->layers[l].known;
		send += p->layers[l].known && !to->has[l] ? p->layers[l].size : 0;
	}
	buf_printf(out, "  has %zu of %zu layers; to send or mount: %s", there, p->layer_count,
		   size_text(send, size));
	if (unknown)
		buf_printf(out, ", and %zu that are not made yet", unknown);
	buf_add_char(out, '\n');
}

/* One a platform. */
struct plans {
	struct plan v[PLATFORMS_MAX];
	size_t n;
};

static void plans_done(struct plans *p)
{
	for (size_t i = 0; i < p->n; i++)
		plan_done(&p->v[i]);
}
AUTO_DEFINE_VALUE(struct plans, plans_done)

static void say_plan(const struct plan *p, struct buf *out)
{
	say_base(p, out);
	say_virtuals(p, out);
	say_packages(p, out);
	say_layers(p, out);
	for (size_t i = 0; i < p->to_count; i++)
		say_destination(p, i, out);
}

static int print(const struct plan_args *args, const struct plans *plans, struct err **e)
{
	AUTO(buf_done) struct buf out = BUF(256 << 20);
	if (args->common.json) {
		plan_write_json(plans->v, plans->n, &out);
		buf_add_char(&out, '\n');
		return command_print(&out, e);
	}
	for (size_t i = 0; i < plans->n; i++) {
		buf_add_text(&out, i ? "\n\n" : "");
		say_plan(&plans->v[i], &out);
	}
	return command_print(&out, e);
}

static int make_all(const struct session *s, struct strs to, struct plans *out, struct err **e)
{
	AUTO(buf_done) struct buf text = BUF(16 << 20);
	struct digest key;
	build_key(s->build, &s->definition, &text, &key);
	for (struct build *b = s->build; b; b = build_next(b), out->n++) {
		const struct lock *locked = s->locked ? &s->locked[out->n] : NULL;
		int r = plan_make(b, &s->definition, &key, locked, to, &out->v[out->n], e);
		if (r < 0)
			return build_next(s->build) ? err_wrap(e, r, "%s", build_platform(b)->image)
						    : r;
	}
	return 0;
}

static int plan_run(void *at, const struct option_list *rest, struct err **e)
{
	struct plan_args *args = at;
	AUTO(session_done) struct session s = SESSION;
	AUTO(plans_done) struct plans plans = {0};
	struct str *names;
	int r = session_open(&s, &args->common, false, e);
	s.solves = s.keeps = !args->locked;
	s.takes_default = true;
	if (r == 0 && args->locked)
		r = session_lock(&s, &args->common, args->locked, e);
	if (r == 0)
		r = session_definition(&s, &args->common, rest, e);
	session_rebase(&s, &args->common);
	if (r < 0)
		return r;
	struct strs to = session_to(&s, &args->to, &names);
	r = make_all(&s, to, &plans, e);
	free(names);
	return r < 0 ? r : print(args, &plans, e);
}

#define AT(field) offsetof(struct plan_args, field)
static const struct option_row own_options[] = {
	{'t', "to", OPTION_LIST, AT(to), "DEST",
	 "what it has of the image; as of build, repeatable, may be left out"},
	{0, "locked", OPTION_TEXT, AT(locked), "LOCK", "use this lock, never solve"},
	{0},
};

const struct command cmd_plan = {
	.name = "plan",
	.usage = "plan [OPTIONS] [--base IMAGE] [-t DEST] DEFINITION",
	.summary = "say what a build would do: packages, virtual packages, layers, downloads",
	.options = (const struct option_row *const[]){own_options, DEFINITION_AND_LOCK_TABLES},
	.args_size = sizeof(struct plan_args),
	.run = plan_run,
};
