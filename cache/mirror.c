/* cache/mirror.c - other places for the same files, by the prefix of their address. */
#include "cache/mirror.h"
#include "cache/address.h"
#include "specs/base/vec.h"
#include <pthread.h>

struct mirrors {
	const struct config_map *rules;
	pthread_mutex_t lock;
	struct arena arena;
	VEC(struct str) avoided;
};

struct mirrors *mirrors_new(const struct config_map *rules)
{
	struct mirrors *m = mem_zero(1, sizeof(*m));
	m->rules = rules;
	pthread_mutex_init(&m->lock, NULL);
	return m;
}

void mirrors_free(struct mirrors *m)
{
	if (!m)
		return;
	VEC_DONE(&m->avoided);
	arena_done(&m->arena);
	pthread_mutex_destroy(&m->lock);
	free(m);
}

/* ---- rules ---- */

/* Whether the address is the prefix, or stands below it. */
static bool is_below(struct str url, struct str prefix)
{
	return url.n >= prefix.n && memcmp(url.p, prefix.p, prefix.n) == 0 &&
	       (url.n == prefix.n || url.p[prefix.n] == '/');
}

static const struct config_named *rule_of(const struct mirrors *m, struct str url)
{
	const struct config_named *best = NULL;
	for (size_t i = 0; m && m->rules && i < m->rules->n; i++) {
		const struct config_named *rule = &m->rules->v[i];
		if (is_below(url, rule->name) && (!best || rule->name.n > best->name.n))
			best = rule;
	}
	return best;
}

static bool is_avoided(struct mirrors *m, struct str url)
{
	bool found = false;
	pthread_mutex_lock(&m->lock);
	for (size_t i = 0; i < m->avoided.n && !found; i++)
		found = is_below(url, m->avoided.v[i]);
	pthread_mutex_unlock(&m->lock);
	return found;
}

/* True when nobody knew. */
static bool avoid(struct mirrors *m, struct str address)
{
	bool fresh = !is_avoided(m, address);
	pthread_mutex_lock(&m->lock);
	if (fresh)
		VEC_PUSH(&m->avoided, arena_str(&m->arena, address));
	pthread_mutex_unlock(&m->lock);
	return fresh;
}

void mirrors_avoid(struct mirrors *m, struct str address)
{
	if (m)
		avoid(m, address);
}

struct strs mirrors_places(struct mirrors *m, struct str url, struct arena *a)
{
	const struct config_named *rule = rule_of(m, url);
	size_t count = rule ? rule->to.n : 1, n = 0;
	struct str *places = arena_zero(a, count, sizeof(*places));
	struct str *v = arena_zero(a, count, sizeof(*v));
	bool *late = arena_zero(a, count, sizeof(*late));
	v[0] = url;
	/* Asked once each: another thread may come to avoid one meanwhile. */
	for (size_t i = 0; rule && i < count; i++) {
		places[i] = arena_printf(a, "%.*s%.*s", STR_ARG(rule->to.v[i]),
					 STR_ARG(str_from(url, rule->name.n)));
		late[i] = is_avoided(m, places[i]);
	}
	for (int last = 0; rule && last < 2; last++)
		for (size_t i = 0; i < count; i++)
			if (late[i] == last)
				v[n++] = places[i];
	return (struct strs){v, count};
}

struct str mirrors_origin(struct mirrors *m, struct str of, struct str url, struct arena *a)
{
	const struct config_named *rule = rule_of(m, of);
	for (size_t i = 0; rule && i < rule->to.n; i++)
		if (is_below(url, rule->to.v[i]))
			return arena_printf(a, "%.*s%.*s", STR_ARG(rule->name),
					    STR_ARG(str_from(url, rule->to.v[i].n)));
	return url;
}

/* ---- asking ---- */

bool mirror_may_help(int code)
{
	return code == ERR_NET || code == ERR_ABSENT || code == ERR_DIGEST || code == ERR_CORRUPT;
}

/* The mirror that the place stands below: the longest, since one may hold another. */
static struct str target_of(const struct mirrors *m, struct str place)
{
	struct str best = {0};
	for (size_t i = 0; m && m->rules && i < m->rules->n; i++)
		for (size_t k = 0; k < m->rules->v[i].to.n; k++) {
			struct str to = m->rules->v[i].to.v[k];
			if (is_below(place, to) && to.n > best.n)
				best = to;
		}
	return best.n ? best : place;
}

void mirrors_pass(struct http *h, struct strs places, size_t at, struct err **why)
{
	struct mirrors *m = http_mirrors(h);
	AUTO(buf_done) struct buf next = BUF(64 << 10);
	AUTO(free) char *line = err_line(*why);
	/* Of a mirror that fails as a whole it is said once. */
	bool known = (*why)->code == ERR_NET && !avoid(m, target_of(m, places.v[at]));
	void (*say)(struct log * l, const char *fmt, ...) PRINTF_LIKE(2, 3) =
		known || (*why)->code == ERR_ABSENT ? log_info : log_warn;
	address_show(&next, places.v[at + 1]);
	say(http_log(h), "%s; asking %s instead", line, next.data);
	err_clear(why);
}

int mirrors_ask(struct http *h, struct str url,
		int (*ask)(void *cookie, const char *url, bool others, struct err **e),
		void *cookie, struct err **e)
{
	AUTO(arena_done) struct arena a = ARENA;
	struct strs places = mirrors_places(http_mirrors(h), url, &a);
	for (size_t i = 0;; i++) {
		struct err *why = NULL;
		bool others = i + 1 < places.n;
		int code = ask(cookie, arena_str(&a, places.v[i]).p, others, &why);
		if (code < 0 && others && mirror_may_help(code)) {
			mirrors_pass(h, places, i, &why);
			continue;
		}
		if (code < 0 && e)
			*e = STEAL(&why);
		err_free(why);
		return code;
	}
}
