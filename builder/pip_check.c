/* builder/pip_check.c - whether what conda's packages need of pip's names is what was chosen, as
 * `pip check` looks at it. The other way round uv has seen to it. */
#include "builder/pip_private.h"
#include "specs/requirement.h"

void pip_marker_environment(const struct pip_target *t, struct marker_environment *out)
{
	struct str minor = t->python;
	size_t dot = str_find(minor, '.');
	if (dot < minor.n)
		minor = str_to(minor, dot + 1 + str_find(str_from(minor, dot + 1), '.'));
	*out = (struct marker_environment){
		.values = {
			[MARKER_OS_NAME] = STR("posix"),
			[MARKER_SYS_PLATFORM] = STR("linux"),
			[MARKER_PLATFORM_SYSTEM] = STR("Linux"),
			[MARKER_PLATFORM_PYTHON_IMPLEMENTATION] = STR("CPython"),
			[MARKER_IMPLEMENTATION_NAME] = STR("cpython"),
		}};
	out->values[MARKER_PLATFORM_MACHINE] = str_of(t->platform->archspec);
	out->values[MARKER_PYTHON_VERSION] = minor;
	out->values[MARKER_PYTHON_FULL_VERSION] = t->python;
	out->values[MARKER_IMPLEMENTATION_VERSION] = t->python;
}

static const struct record *find(const struct record *wheels, size_t count, struct str name)
{
	for (size_t i = 0; i < count; i++)
		if (str_eq(wheels[i].name, name))
			return &wheels[i];
	return NULL;
}

struct checking {
	const struct record *wheels;
	size_t count;
	struct marker_environment environment;
	struct arena arena;
};

/* What does not parse has never kept a package from working. */
static bool holds(struct checking *c, struct str text, const struct record **wheel)
{
	struct requirement r;
	struct pyversion version;
	if (requirement_parse(&c->arena, text, &r, NULL) < 0 ||
	    (r.marker && !marker_holds(r.marker, &c->environment)))
		return true;
	*wheel = find(c->wheels, c->count, r.normal);
	return !*wheel || pyversion_parse(&c->arena, (*wheel)->version_text, &version, NULL) < 0 ||
	       pyspecifiers_match(r.specifiers, &version);
}

static int check_dist(struct checking *c, const struct pip_dist *d, struct err **e)
{
	static const char key[] = "Requires-Dist:";
	struct str text = d->metadata, line;
	while (text.n) {
		const struct record *wheel = NULL;
		str_cut(&text, '\n', &line);
		if (line.n < sizeof(key) || strncasecmp(line.p, key, sizeof(key) - 1) != 0)
			continue;
		line = str_trim(str_from(line, sizeof(key) - 1));
		if (!holds(c, line, &wheel))
			return err_set(e, ERR_UNSOLVABLE,
				       "%.*s %.*s (conda package %.*s) needs %.*s, and the pip "
				       "requirements bring %.*s %.*s",
				       STR_ARG(d->name), STR_ARG(d->version), STR_ARG(d->package),
				       STR_ARG(line), STR_ARG(wheel->name),
				       STR_ARG(wheel->version_text));
	}
	return 0;
}

int pip_check_provided(const struct pip_request *q, const struct record *wheels, size_t count,
		       struct err **e)
{
	struct checking c = {.wheels = wheels, .count = count, .arena = ARENA};
	int code = 0;
	pip_marker_environment(&q->target, &c.environment);
	for (size_t i = 0; i < q->provided.n && code == 0; i++)
		code = check_dist(&c, &q->provided.v[i], e);
	arena_done(&c.arena);
	return code;
}
