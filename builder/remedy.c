/* remedy.c - what would make a request solvable: each change is made and solved before it is
 * named. */
#include "builder/explain.h"
#include "builder/sat.h"
#include "specs/base/clock.h"
#include "specs/base/interrupt.h"

enum { TRIES_MS = 5000, VERSIONS_TRIED = 6, INDENT = 2 };

struct remedies {
	struct problem *p;
	struct conflict c; /* all lines of all conflicts */
	const struct conflict *each;
	size_t each_count;
	struct arena arena;
	struct buf found; /* lines */
	size_t n;
	int64_t until_ms;
	uint8_t *helped; /* by spec of the request: a change of it is found */
	uint8_t *left_out;
	struct matchspec *softer; /* by spec: the form of it that stands in its place */
};

static bool is_late(const struct remedies *m)
{
	return clock_work_ms() > m->until_ms || interrupt_check(NULL) < 0;
}

static void PRINTF_LIKE(2, 3) add(struct remedies *m, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	buf_printf(&m->found, "\n%*s", INDENT, "");
	buf_vprintf(&m->found, fmt, args);
	va_end(args);
	m->n++;
}

/* ---- trying ---- */

static struct sat *solved(struct problem *p, const struct encode_filter *filter)
{
	AUTO(sat_free) struct sat *s = problem_encode(p, filter);
	struct err *stopped = NULL;
	bool found = sat_solve(s, &stopped);

	err_free(stopped);
	return found && !stopped ? STEAL(&s) : NULL;
}

static bool keep(void *cookie, uint32_t package, uint32_t line)
{
	const struct remedies *m = cookie;

	if (package != OF_REQUEST)
		return true;
	for (size_t i = 0; i < m->p->request->spec_count; i++)
		if (m->p->requested[i] == (line - 1) / 2)
			return !m->left_out[i];
	return true;
}

/* The request as it stands in the problem now. */
static struct sat *solved_without(struct remedies *m)
{
	struct encode_filter filter = {keep, m};

	return solved(m->p, &filter);
}

static const struct solvable *chosen(const struct problem *p, const struct sat *s, struct str name)
{
	for (size_t i = 0; i < p->solvables.n; i++) {
		const struct solvable *v = &p->solvables.v[i];
		if (v->var && sat_is_true(s, v->var) && str_eq(p->packages.v[v->name].name, name))
			return v;
	}
	return NULL;
}

/* " (numpy 2.1.3 fits)": what the solution has of the name; its build and its channel where the
 * spec asks for them. */
static void say_fits(const struct problem *p, const struct sat *s, const struct matchspec *spec,
		     struct buf *out)
{
	AUTO(arena_done) struct arena a = ARENA;
	const struct solvable *c = chosen(p, s, spec->name);
	struct record r;

	if (!c || c->channel == NO_CHANNEL ||
	    problem_record(p, (uint32_t)(c - p->solvables.v), &a, &r, NULL) < 0)
		return;
	buf_add_text(out, " (");
	if (spec->channel.n) {
		conflict_say_plain(p->request->channels->v[c->channel].name, out);
		buf_add_text(out, "::");
	}
	buf_printf(out, "%.*s %.*s ", STR_ARG(r.name), STR_ARG(r.version_text));
	if (!spec->channel.n && !matchspec_is_version_only(spec)) {
		conflict_say_plain(r.build, out);
		buf_add_char(out, ' ');
	}
	buf_add_text(out, "fits)");
}

/* A request that needs other records than those that are loaded. fits: as say_fits says it of
 * the spec; NULL: nobody asks. */
static bool request_solves(const struct solve_request *r, const struct matchspec *spec,
			   struct buf *fits)
{
	AUTO(problem_done) struct problem p = {0};
	struct solve_request quiet = *r;

	quiet.log = NULL;
	problem_load(&p, &quiet);
	AUTO(sat_free) struct sat *s = solved(&p, NULL);
	if (s && fits)
		say_fits(&p, s, spec, fits);
	return s != NULL;
}

/* ---- names that were mistyped ---- */

static struct matchspec *copy_specs(struct remedies *m, size_t more)
{
	const struct solve_request *r = m->p->request;
	struct matchspec *v = arena_zero(&m->arena, r->spec_count + more + 1, sizeof(*v));

	if (r->spec_count)
		memcpy(v, r->specs, r->spec_count * sizeof(*v));
	return v;
}

static void rename_spec(struct remedies *m, uint32_t spec)
{
	struct solve_request r = *m->p->request;
	struct matchspec *specs = copy_specs(m, 0);
	struct str near[NEAREST_MAX], name = specs[spec].name;
	size_t n = nearest_names(r.channels, name, near);

	r.specs = specs;
	for (size_t i = 0; i < n && !is_late(m); i++) {
		specs[spec].name = near[i];
		if (!request_solves(&r, NULL, NULL))
			continue;
		add(m, "write %.*s for %.*s", STR_ARG(near[i]), STR_ARG(name));
		m->helped[spec] = 1;
		return;
	}
}

/* ---- specs of the request: less strict, or not at all ---- */

/* A new text of what the spec fits, best first; UINT32_MAX when that is no more than before. */
static uint32_t add_text(struct remedies *m, uint32_t old, const struct matchspec *spec)
{
	struct problem *p = m->p;
	uint32_t package = p->texts.v[old].package, most = p->packages.v[package].count;
	struct text t = {.package = package};

	t.matches = arena_alloc(&p->arena, (most + 1) * sizeof(*t.matches));
	for (uint32_t i = 0; i < most; i++) {
		AUTO(arena_done) struct arena a = ARENA;
		uint32_t at = p->ranked[p->packages.v[package].first + i];
		struct record r;
		if (problem_record(p, at, &a, &r, NULL) == 0 && matchspec_matches(spec, &r))
			t.matches[t.count++] = at;
	}
	if (t.count <= p->texts.v[old].count)
		return UINT32_MAX;
	t.best = t.matches[0];
	VEC_PUSH(&p->texts, t);
	return (uint32_t)p->texts.n - 1;
}

/* Puts the spec without its build, without its version, or only its name, in the place of the
 * spec; false when there is no such form of it. */
static bool soften(struct remedies *m, uint32_t spec, int form)
{
	AUTO(buf_done) struct buf text = BUF(1 << 16);
	struct str rest, name, version;
	struct matchspec soft;

	matchspec_display(&m->p->request->specs[spec], &text);
	rest = buf_str(&text);
	str_cut(&rest, ' ', &name);
	str_cut(&rest, ' ', &version);
	name = m->p->request->specs[spec].name;
	/* Which records are loaded depends on the channel. */
	if (m->p->request->specs[spec].channel.n || (!rest.n && form < 2))
		return false;
	name = form == 0   ? arena_printf(&m->arena, "%.*s %.*s", STR_ARG(name), STR_ARG(version))
	       : form == 1 ? arena_printf(&m->arena, "%.*s * %.*s", STR_ARG(name), STR_ARG(rest))
			   : name;
	if (matchspec_parse(&m->arena, name, MATCHSPEC_RECORD, &soft, NULL) < 0)
		return false;
	uint32_t added = add_text(m, spec, &soft);
	if (added == UINT32_MAX)
		return false;
	m->p->requested[spec] = added;
	m->softer[spec] = soft;
	return true;
}

static void say_relaxed(struct remedies *m, uint32_t spec, const struct sat *s, struct buf *out)
{
	buf_add_text(out, "relax ");
	conflict_say_text(m->p, spec, false, out);
	say_fits(m->p, s, &m->p->request->specs[spec], out);
}

/* Leaves the softer spec in place when that gives a solution, which the caller frees. */
static struct sat *relaxed(struct remedies *m, uint32_t spec)
{
	uint32_t own = m->p->requested[spec];

	for (int form = 0; form < 3 && !is_late(m); form++) {
		if (!soften(m, spec, form))
			continue;
		struct sat *s = solved_without(m);
		if (s)
			return s;
		m->p->requested[spec] = own;
	}
	return NULL;
}

/* The same from any channel, and of any version where that does not do. */
static void free_channel(struct remedies *m, uint32_t spec)
{
	struct solve_request r = *m->p->request;
	struct matchspec *specs = copy_specs(m, 0);
	AUTO(buf_done) struct buf said = BUF(1 << 16);

	r.specs = specs;
	buf_add_text(&said, "relax ");
	conflict_say_text(m->p, spec, false, &said);
	specs[spec] = (struct matchspec){.name = specs[spec].name};
	if (!request_solves(&r, &m->p->request->specs[spec], &said))
		return;
	m->helped[spec] = 1;
	add(m, "%s", said.data);
}

static void relax(struct remedies *m, uint32_t spec)
{
	AUTO(buf_done) struct buf said = BUF(1 << 16);
	uint32_t own = m->p->requested[spec];

	if (is_late(m))
		return;
	if (m->p->request->specs[spec].channel.n) {
		free_channel(m, spec);
		return;
	}
	AUTO(sat_free) struct sat *s = relaxed(m, spec);
	if (!s)
		return;
	say_relaxed(m, spec, s, &said);
	m->p->requested[spec] = own;
	m->helped[spec] = 1;
	add(m, "%s", said.data);
}

/* The request's specs as they are changed now. */
static const struct matchspec *changed_specs(struct remedies *m, size_t *count)
{
	struct matchspec *v = copy_specs(m, 0);
	size_t n = 0;

	for (size_t i = 0; i < m->p->request->spec_count; i++)
		if (!m->left_out[i])
			v[n++] = m->p->requested[i] == i ? m->p->request->specs[i] : m->softer[i];
	*count = n;
	return v;
}

static void drop(struct remedies *m, uint32_t spec)
{
	AUTO(buf_done) struct buf text = BUF(1 << 16);

	if (m->helped[spec] || m->p->request->spec_count < 2 || is_late(m))
		return;
	struct solve_request r = *m->p->request;
	m->left_out[spec] = 1;
	r.specs = changed_specs(m, &r.spec_count);
	/* Which records are loaded depends on the channel. */
	bool reload = m->p->request->specs[spec].channel.n > 0;
	AUTO(sat_free) struct sat *s = reload ? NULL : solved_without(m);
	m->left_out[spec] = 0;
	if (!s && !(reload && request_solves(&r, NULL, NULL)))
		return;
	conflict_say_text(m->p, spec, false, &text);
	add(m, "drop %s", text.data);
}

static bool is_in(const struct conflict *c, uint32_t spec)
{
	for (size_t i = 0; i < c->n; i++)
		if (c->lines[i].package == OF_REQUEST && c->lines[i].text == spec)
			return true;
	return false;
}

static bool is_in_any(const struct remedies *m, uint32_t spec)
{
	for (size_t i = 0; i < m->each_count; i++)
		if (is_in(&m->each[i], spec))
			return true;
	return false;
}

/* Takes the specs of the conflicts in one by one and leaves out those that do not go with what is
 * in. */
static void leave_out_least(struct remedies *m)
{
	uint32_t count = (uint32_t)m->p->request->spec_count;

	for (uint32_t i = 0; i < count; i++)
		m->left_out[i] = is_in_any(m, i);
	AUTO(sat_free) struct sat *others = solved_without(m);
	if (!others)
		memset(m->left_out, 1, count);
	for (uint32_t i = 0; i < count && !is_late(m); i++) {
		if (!m->left_out[i])
			continue;
		m->left_out[i] = 0;
		AUTO(sat_free) struct sat *s = solved_without(m);
		m->left_out[i] = !s;
	}
}

/* Takes back a spec that was left out: it is relaxed itself, or another spec of the same conflict
 * gives way. */
static bool take_back(struct remedies *m, uint32_t spec)
{
	AUTO(sat_free) struct sat *own = relaxed(m, spec);

	for (size_t i = 0; i < m->each_count && !own; i++) {
		const struct conflict *c = &m->each[i];
		if (!is_in(c, spec))
			continue;
		for (uint32_t k = 0; k < m->p->request->spec_count && !own; k++)
			if (k != spec && !m->left_out[k] && is_in(c, k))
				own = relaxed(m, k);
	}
	return own != NULL;
}

static uint32_t count_changes(const struct remedies *m)
{
	uint32_t n = 0;

	for (uint32_t i = 0; i < m->p->request->spec_count; i++)
		n += m->left_out[i] || m->p->requested[i] != i;
	return n;
}

/* Says the changes when the request that they make, loaded anew, has a solution. */
static void say_changes(struct remedies *m)
{
	AUTO(problem_done) struct problem p = {0};
	AUTO(buf_done) struct buf text = BUF(1 << 16);
	uint32_t count = (uint32_t)m->p->request->spec_count, n = count_changes(m), said = 0;
	struct solve_request r = *m->p->request;

	r.log = NULL;
	r.specs = changed_specs(m, &r.spec_count);
	problem_load(&p, &r);
	AUTO(sat_free) struct sat *s = solved(&p, NULL);
	for (uint32_t i = 0; i < count && s; i++) {
		if (!m->left_out[i] && m->p->requested[i] == i)
			continue;
		buf_add_text(&text, !said ? "" : said + 1 < n ? ", " : " and ");
		said++;
		buf_add_text(&text, m->left_out[i] ? "drop " : "relax ");
		conflict_say_text(m->p, i, false, &text);
		if (!m->left_out[i])
			say_fits(&p, s, &m->p->request->specs[i], &text);
	}
	if (said > 1)
		add(m, "%s", text.data);
}

/* Several changes at once: of those left out, some need only be relaxed. */
static void change_several(struct remedies *m)
{
	uint32_t count = (uint32_t)m->p->request->spec_count;

	leave_out_least(m);
	for (uint32_t i = 0; i < count && !is_late(m); i++) {
		if (!m->left_out[i])
			continue;
		m->left_out[i] = 0;
		m->left_out[i] = !take_back(m, i);
	}
	if (!is_late(m))
		say_changes(m);
}

/* ---- channels that strict priority hides ---- */

static void name_channel(struct remedies *m, uint32_t package, const struct channel *c)
{
	struct solve_request r = *m->p->request;
	struct matchspec *specs = copy_specs(m, 1);
	struct str name = m->p->packages.v[package].name;
	AUTO(buf_done) struct buf text = BUF(1 << 16);
	size_t asked = 0;

	for (size_t i = 0; i < r.spec_count; i++) {
		if (!str_eq(specs[i].name, name))
			continue;
		matchspec_display(&specs[i], &text);
		struct str with = arena_printf(&m->arena, "%.*s::%s", STR_ARG(c->url), text.data);
		if (asked++ ||
		    matchspec_parse(&m->arena, with, MATCHSPEC_RECORD, &specs[i], NULL) < 0)
			return;
	}
	if (!asked) {
		struct str with =
			arena_printf(&m->arena, "%.*s::%.*s", STR_ARG(c->url), STR_ARG(name));
		buf_add_str(&text, name);
		if (matchspec_parse(&m->arena, with, MATCHSPEC_RECORD, &specs[r.spec_count++],
				    NULL) < 0)
			return;
	}
	r.specs = specs;
	if (request_solves(&r, NULL, NULL))
		add(m, "%s %.*s::%s", asked ? "write" : "ask for", STR_ARG(c->name), text.data);
}

static void open_channels(struct remedies *m)
{
	struct solve_request flexible = *m->p->request;
	uint8_t *seen = arena_zero(&m->arena, m->p->packages.n + 1, 1);
	size_t hidden = 0;

	for (size_t i = 0; i < m->c.n; i++) {
		uint32_t package = m->p->texts.v[m->c.lines[i].text].package;
		if (seen[package]++)
			continue;
		for (size_t at = 0; absent_hidden(m->p, package, &at) && !is_late(m); at++) {
			name_channel(m, package, &flexible.channels->v[at]);
			hidden++;
		}
	}
	flexible.priority = PRIORITY_FLEXIBLE;
	if (hidden && !is_late(m) && request_solves(&flexible, NULL, NULL))
		add(m, "use --channel-priority flexible");
}

/* ---- virtual packages ---- */

static bool virtual_solves(struct remedies *m, const struct record *v)
{
	struct solve_request r = *m->p->request;
	struct record *all = arena_zero(&m->arena, r.virtual_count + 1, sizeof(*all));
	size_t n = 0;

	for (size_t i = 0; i < r.virtual_count; i++)
		if (!str_eq(r.virtuals[i].name, v->name))
			all[n++] = r.virtuals[i];
	all[n++] = *v;
	r.virtuals = all;
	r.virtual_count = n;
	return request_solves(&r, NULL, NULL);
}

/* The versions that stand in a text ("__cuda >=11.2,<13") and satisfy it: bounds are what
 * somebody had in mind. */
static void versions_in(struct remedies *m, uint32_t text, struct buf *out)
{
	const struct matchspec *spec = problem_spec(m->p, text, &m->arena);
	AUTO(buf_done) struct buf shown = BUF(1 << 16);
	struct str rest, name, expression;

	matchspec_display(spec, &shown);
	rest = buf_str(&shown);
	str_cut(&rest, ' ', &name);
	str_cut(&rest, ' ', &expression);
	struct str build = rest.n && str_find(rest, '*') == rest.n ? rest : STR("0");
	for (size_t i = 0; i <= expression.n;) {
		struct str at = str_from(expression, i);
		size_t n = 0;
		while (n < at.n && !strchr("=<>!~|,()* ", at.p[n]))
			n++;
		struct str version =
			expression.n && *expression.p != '*' ? str_to(at, n) : STR("1");
		struct record r;
		while (version.n && version.p[version.n - 1] == '.')
			version.n--;
		if (version.n &&
		    record_virtual(&m->arena, arena_str(&m->arena, spec->name).p,
				   arena_str(&m->arena, version).p, arena_str(&m->arena, build).p,
				   &r, NULL) == 0 &&
		    matchspec_matches_version(spec, &r))
			buf_add(out, &r, sizeof(r));
		i += n + 1;
	}
}

static int by_version(const void *a, const void *b)
{
	return version_compare(((const struct record *)a)->version,
			       ((const struct record *)b)->version);
}

static void give_virtual(struct remedies *m, uint32_t package)
{
	AUTO(buf_done) struct buf found = BUF(1 << 20);

	for (size_t i = 0; i < m->c.n; i++)
		if (m->p->texts.v[m->c.lines[i].text].package == package)
			versions_in(m, m->c.lines[i].text, &found);
	struct record *v = (struct record *)(void *)found.data;
	size_t n = found.n / sizeof(*v);
	if (n)
		qsort(v, n, sizeof(*v), by_version);
	for (size_t i = 0; i < n && i < VERSIONS_TRIED && !is_late(m); i++) {
		if (!virtual_solves(m, &v[i]))
			continue;
		bool build = !str_is(v[i].build, "0");
		struct str option =
			arena_printf(&m->arena, "--virtual %.*s=%.*s%s%.*s", STR_ARG(v[i].name),
				     STR_ARG(v[i].version_text), build ? "=" : "",
				     build ? (int)v[i].build.n : 0, v[i].build.p);
		if (str_starts(absent_origin(m->p, v[i].name), "the base"))
			add(m, "take a base image with %.*s %.*s; %.*s overrules this one",
			    STR_ARG(v[i].name), STR_ARG(v[i].version_text), STR_ARG(option));
		else
			add(m, "add %.*s, if the image's base has that", STR_ARG(option));
		return;
	}
}

static void give_virtuals(struct remedies *m)
{
	for (size_t i = 0; i < m->c.n; i++) {
		uint32_t package = m->p->texts.v[m->c.lines[i].text].package;
		bool before = !str_starts(m->p->packages.v[package].name, "__");
		for (size_t k = 0; k < i; k++)
			before |= m->p->texts.v[m->c.lines[k].text].package == package;
		if (!before)
			give_virtual(m, package);
	}
}

/* ---- all of them ---- */

static void each_spec(struct remedies *m, void (*change)(struct remedies *m, uint32_t spec))
{
	for (size_t i = 0; i < m->c.n; i++)
		if (m->c.lines[i].package == OF_REQUEST)
			change(m, m->c.lines[i].text);
}

static void mend_name(struct remedies *m, uint32_t spec)
{
	const struct package *k = &m->p->packages.v[m->p->texts.v[spec].package];

	if (!k->count && !k->unreadable && !k->newer && !str_starts(k->name, "__"))
		rename_spec(m, spec);
}

static void join_conflicts(struct remedies *m, const struct conflict *v, size_t n)
{
	size_t lines = 0;

	for (size_t i = 0; i < n; i++)
		lines += v[i].n;
	m->c.lines = arena_zero(&m->arena, lines + 1, sizeof(*m->c.lines));
	for (size_t i = 0; i < n; i++)
		for (size_t k = 0; k < v[i].n; k++)
			m->c.lines[m->c.n++] = v[i].lines[k];
}

static void try_all(struct remedies *m, bool one_conflict)
{
	each_spec(m, mend_name);
	give_virtuals(m);
	open_channels(m);
	/* Conflicts without a common spec: no change of one spec ends them all. */
	if (one_conflict) {
		each_spec(m, relax);
		each_spec(m, drop);
	}
	if (!m->n)
		change_several(m);
}

void remedies_say(struct problem *p, const struct conflict *c, size_t n, struct buf *out)
{
	struct remedies m = {.p = p, .found = BUF(1 << 20), .until_ms = clock_work_ms() + TRIES_MS};

	m.helped = arena_zero(&m.arena, p->request->spec_count + 1, 1);
	m.softer = arena_zero(&m.arena, p->request->spec_count + 1, sizeof(*m.softer));
	m.left_out = arena_zero(&m.arena, p->request->spec_count + 1, 1);
	m.each = c;
	m.each_count = n;
	join_conflicts(&m, c, n);
	try_all(&m, n == 1);
	if (m.n == 1)
		buf_add_text(out, "\nto solve it (tried):");
	else if (m.n)
		buf_add_text(out, "\nto solve it, any one of these (each was tried):");
	buf_add_str(out, buf_str(&m.found));
	buf_done(&m.found);
	arena_done(&m.arena);
}
