/* builder/build_platform.c - one platform's image: lock, packages, layers, configuration. */
#include "builder/build_run.h"
#include "specs/base/workers.h"
#include "specs/moment.h"

static int does_not_fit(int code, struct err **e)
{
	return code < 0 ? err_wrap(e, code, "the lock does not fit the base image") : 0;
}

int run_error(const struct run *r, const struct build *b, int code, struct err **e)
{
	return code < 0 && r->count > 1 ? err_wrap(e, code, "%s", b->platform->image) : code;
}

static int get_lock(struct run *r, size_t i, struct err **e)
{
	struct build *b = r->made[i].b;
	if (!r->locked) {
		r->made[i].lock = &r->solved[i];
		return build_lock(b, r->d, &r->solved[i], e);
	}
	const struct lock *lock = r->made[i].lock = &r->locked[i];
	int code = build_lock_fits(b, r->d, lock, e);
	if (code < 0)
		return code;
	code = build_check_virtuals(b, lock->records, lock->count, e);
	return does_not_fit(code < 0 ? code : build_check_wheels(b, lock, true, e), e);
}

static int warn_of_lock(struct run *r, size_t i, struct err **e)
{
	AUTO(findings_done) struct findings findings = FINDINGS;
	int code = build_check(r->made[i].b, r->d, r->made[i].lock, &findings, e);
	if (code == 0)
		findings_log(&findings, r->made[i].b->o.log);
	return code;
}

int run_get_locks(struct run *r, struct err **e)
{
	if (!r->locked)
		phases_enter(&r->phases, "solve");
	for (size_t i = 0; i < r->count; i++) {
		struct build *b = r->made[i].b;
		int code = build_pull_base(b, e);
		if (code == 0)
			code = destinations_check_base(b, r->to, r->to_count, e);
		if (code == 0)
			code = get_lock(r, i, e);
		if (code == 0)
			code = warn_of_lock(r, i, e);
		if (code < 0)
			return run_error(r, b, code, e);
	}
	return lock_digest_all(r->made[0].lock, r->count, &r->result->lock_digest, e);
}

/* What is kept of activation: lines. */
#define ACTIVATION "variables of activation"

static bool recall_activation(struct records *records, const struct digest *of, struct arena *a,
			      struct strs *out)
{
	struct str text, line;
	VEC(struct str) lines = {0};
	if (records_get_fact(records, of, ACTIVATION, a, &text, NULL) < 0)
		return false;
	while (text.n) {
		str_cut(&text, '\n', &line);
		VEC_PUSH(&lines, line);
	}
	*out = arena_strs(a, (struct strs){lines.v, lines.n});
	VEC_DONE(&lines);
	return true;
}

/* What was said is to be said again, so that is not kept; nor what lines cannot hold. */
static int keep_activation(struct records *records, const struct digest *of, struct strs lines,
			   struct err **e)
{
	AUTO(buf_done) struct buf text = BUF(BUF_UNLIMITED);
	for (size_t i = 0; i < lines.n; i++) {
		if (str_find(lines.v[i], '\n') < lines.v[i].n)
			return 0;
		buf_printf(&text, "%.*s\n", STR_ARG(lines.v[i]));
	}
	return records_put_fact(records, of, ACTIVATION, buf_str(&text), e);
}

/* Its scripts take as long as packing a package: they run once a machine. */
int build_activation(struct build *b, const struct link_plan *plan, struct arena *a,
		     struct strs *out, struct err **e)
{
	struct records *records;
	struct digest of;
	bool spoke;
	if (!link_activation_identity(plan, &of))
		return 0;
	int code = build_records(b, &records, e);
	if (code < 0 || recall_activation(records, &of, a, out))
		return code;
	code = link_activation(plan, a, out, &spoke, e);
	return code < 0 || spoke ? code : keep_activation(records, &of, *out, e);
}

static struct str *put_pairs(struct arena *a, const struct definition_variable *v, size_t n,
			     struct str *to)
{
	for (size_t i = 0; i < n; i++)
		*to++ = arena_printf(a, "%.*s=%.*s", STR_ARG(v[i].name), STR_ARG(v[i].value));
	return to;
}

/* Environment of the image: what activation sets, then what the definition sets. */
static void set_env(const struct run *r, struct made *m, struct strs set)
{
	const struct definition *d = r->d;
	size_t n = set.n + d->variable_count + d->environment_count;
	struct str *env = arena_zero(&m->arena, n, sizeof(*env)), *at = env;
	for (size_t i = 0; i < set.n; i++)
		*at++ = set.v[i];
	at = put_pairs(&m->arena, d->variables, d->variable_count, at);
	put_pairs(&m->arena, d->environment, d->environment_count, at);
	m->env = (struct strs){env, n};
}

/* The lock's newest artefact, unless SOURCE_DATE_EPOCH says otherwise: never the clock. */
uint64_t build_created(const struct link_plan *plan)
{
	uint64_t seconds;
	const char *epoch = getenv("SOURCE_DATE_EPOCH");
	return epoch && str_u64(str_of(epoch), &seconds) ? seconds : plan->newest;
}

static bool wants_oci(const struct run *r)
{
	for (size_t i = 0; i < r->to_count; i++)
		if (registry_form(&r->to[i].reference)->oci)
			return true;
	return false;
}

static int finish_image(struct run *r, struct made *m, const struct link_plan *plan, struct err **e)
{
	const struct build *b = m->b;
	const struct definition *d = r->d;
	struct digest_text lock = digest_text(&r->result->lock_digest);
	struct str *labels = arena_zero(&m->arena, d->label_count, sizeof(*labels));
	put_pairs(&m->arena, d->labels, d->label_count, labels);
	struct image_options options = {
		.platform = b->platform->image,
		.prefix = d->user_managed ? NULL : b->prefix,
		.bin = definition_interpreter_folder(d),
		.key = r->key_hex,
		.lock_digest = lock.hex,
		.created = build_created(plan),
		.oci = r->count > 1 || wants_oci(r),
		.env = m->env,
		.labels = {labels, d->label_count},
		.user = d->user,
		.workdir = d->workdir,
	};
	int code = image_make(b->base_pulled ? &b->base : NULL, m->packed.layers, m->packed.count,
			      &options, &m->image, e);
	return code < 0 ? code : run_write_documents(r, m, plan, e);
}

/* Layers to every destination, the base's beside them. */
static int push_layers(struct run *r, struct made *m, const struct link_plan *plan, struct err **e)
{
	struct base_push *base = NULL;
	size_t to_count = r->b->engine ? 0 : r->to_count; /* an engine gets them as a context */
	int code = base_push_start(m->b, r->to, to_count, &base, e);
	if (code < 0)
		return code;
	code = pack_and_push(m->b, plan, m->lock, r->d, r->to, to_count, &r->result->arena,
			     &m->packed, e);
	return base_push_finish(base, code, e);
}

/* What an image is made of, in two parts that go on beside each other: the layers, and the
 * environment, for which scripts run. */
struct parts {
	struct run *r;
	struct made *m;
	const struct link_plan *plan;
};

static int make_part(void *cookie, size_t i, struct err **e)
{
	struct parts *p = cookie;
	if (i == 1)
		return push_layers(p->r, p->m, p->plan, e);
	struct strs set = {0};
	int code = build_activation(p->m->b, p->plan, &p->m->arena, &set, e);
	if (code < 0)
		atomic_store(&p->m->b->given_up, true);
	else
		set_env(p->r, p->m, set);
	return code;
}

static int make_of_files(struct run *r, struct made *m, const struct package_file *files,
			 struct err **e)
{
	AUTO(link_plan_done) struct link_plan plan = {0};
	struct parts parts = {r, m, &plan};
	phases_enter(&r->phases, "plan");
	int code = build_plan(m->b, m->lock, files, &plan, e);
	if (code < 0)
		return code;
	/* What the archives say of virtual packages may be more than the lock does. */
	if (r->locked && (code = build_lock_met(r->d, &plan, e)) < 0)
		return code;
	if (r->locked && (code = does_not_fit(build_check_plan(m->b, &plan, e), e)) < 0)
		return code;
	phases_enter(&r->phases, "pack");
	code = workers_run(2, 2, make_part, &parts, e);
	return code < 0 ? code : finish_image(r, m, &plan, e);
}

/* Seconds since 1970; 0 when the base does not say. */
static uint64_t base_created(const struct build *b)
{
	const char *text = b->base_pulled ? json_text(b->base.config_json, "created") : NULL;
	uint64_t ms;
	return text && moment_parse(str_of(text), &ms) ? ms / 1000 : 0;
}

/* The base as it is, with settings of its own. */
static int make_of_base(struct run *r, struct made *m, struct err **e)
{
	struct base_push *base = NULL;
	struct link_plan nothing = {.newest = base_created(m->b)};
	phases_enter(&r->phases, "pack");
	int code = base_push_start(m->b, r->to, r->to_count, &base, e);
	if (code == 0)
		code = base_push_finish(base, 0, e);
	if (code < 0)
		return code;
	set_env(r, m, (struct strs){0});
	return finish_image(r, m, &nothing, e);
}

int run_make_image(struct run *r, size_t i, struct err **e)
{
	struct made *m = &r->made[i];
	AUTO(free) struct package_file *files = mem_zero(m->lock->count, sizeof(*files));
	if (r->count > 1)
		log_info(m->b->o.log, "image for %s", m->b->platform->image);
	if (r->d->user_managed)
		return run_error(r, m->b, make_of_base(r, m, e), e);
	phases_enter(&r->phases, "fetch");
	int code = build_fetch(m->b, m->lock, files, e);
	if (code == 0)
		code = make_of_files(r, m, files, e);
	package_files_done(files, m->lock->count);
	return run_error(r, m->b, code, e);
}
