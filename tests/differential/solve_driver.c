/* tests/differential/solve_driver.c - solves of cases from stdin, one JSON document a line, with
 * what libsolv says about the same clauses and whether the answer holds, one line each. Without
 * "channels" those of the line before are asked again.
 *
 *	{"channels": [{"name": N, "subdirs": {"linux-64": PATH, "noarch": PATH}}],
 *	 "specs": [TEXT], "virtuals": [[NAME, VERSION, BUILD]], "priority": "strict",
 *	 "elsewhere": {NAME: WHERE}}
 *	{"files": [CHANNEL/SUBDIR/FILE in link order], "libsolv": true, "wrong": []}
 *	{"conflict": TEXT, "libsolv": false} */
#include "builder/problem.h"
#include "specs/base/fs.h"
#include "specs/base/json.h"
#include <solv/pool.h>
#include <solv/repo.h>
#include <solv/solver.h>
#include <stdio.h>

static char *folder;
static struct channels channels;

struct kase {
	struct arena arena;
	struct record *virtuals;
	struct matchspec *specs;
	struct solve_request request;
	const cJSON *elsewhere;
};

static void kase_done(struct kase *k)
{
	arena_done(&k->arena);
}
AUTO_DEFINE_VALUE(struct kase, kase_done)

static int stop(const char *why)
{
	fprintf(stderr, "solve_driver: %s\n", why);
	exit(2);
}

/* ---- reading ---- */

static struct index *make_index(const char *repodata)
{
	AUTO(index_writer_free) struct index_writer *w = NULL;
	AUTO(free) char *path = fs_join(folder, "index");
	AUTO(buf_done) struct buf text = BUF(1 << 30);
	struct index *x = NULL;

	if (fs_read(repodata, &text, NULL) < 0 || index_writer_open(path, &w, NULL) < 0 ||
	    index_writer_feed(w, text.data, text.n, NULL) < 0 || index_writer_finish(w, NULL) < 0 ||
	    index_open(path, &x, NULL) < 0)
		stop("repodata that no index can be made of");
	return x;
}

static void read_channel(const cJSON *from)
{
	struct arena *a = &channels.arena;
	struct channel *c = &channels.v[channels.n++];
	const cJSON *subdirs = json_object(from, "subdirs"), *one;

	c->name = arena_str(a, str_of(json_text(from, "name")));
	c->url = arena_printf(a, "file:///%.*s", STR_ARG(c->name));
	c->subdirs = arena_zero(a, (size_t)cJSON_GetArraySize(subdirs), sizeof(*c->subdirs));
	cJSON_ArrayForEach(one, subdirs)
	{
		struct channel_subdir *s = &c->subdirs[c->subdir_count++];
		s->subdir = arena_str(a, str_of(one->string));
		s->base_url = arena_printf(a, "%.*s/%.*s/", STR_ARG(c->url), STR_ARG(s->subdir));
		s->index = make_index(one->valuestring);
	}
}

static void read_channels(const cJSON *list)
{
	const cJSON *one;

	channels_close(&channels);
	channels.v = arena_zero(&channels.arena, (size_t)cJSON_GetArraySize(list) + 1,
				sizeof(*channels.v));
	cJSON_ArrayForEach(one, list) read_channel(one);
}

static void say_elsewhere(void *cookie, struct str name, struct buf *out)
{
	const struct kase *k = cookie;
	const cJSON *one;

	cJSON_ArrayForEach(one, k->elsewhere) if (str_is(name, one->string))
		buf_add_text(out, one->valuestring);
}

static void read_case(struct kase *k, const cJSON *doc)
{
	const cJSON *specs = json_array(doc, "specs"), *virtuals = json_array(doc, "virtuals"),
		    *one;
	struct solve_request *r = &k->request;

	if (json_get(doc, "channels"))
		read_channels(json_array(doc, "channels"));
	k->specs = arena_zero(&k->arena, (size_t)cJSON_GetArraySize(specs) + 1, sizeof(*k->specs));
	k->virtuals = arena_zero(&k->arena, (size_t)cJSON_GetArraySize(virtuals) + 1,
				 sizeof(*k->virtuals));
	cJSON_ArrayForEach(one, specs)
	{
		struct str text = arena_str(&k->arena, str_of(one->valuestring));
		if (matchspec_parse(&k->arena, text, MATCHSPEC_RECORD, &k->specs[r->spec_count++],
				    NULL) < 0)
			stop("a spec that does not parse");
	}
	cJSON_ArrayForEach(one, virtuals)
	{
		if (record_virtual(&k->arena, one->child->valuestring,
				   one->child->next->valuestring,
				   one->child->next->next->valuestring,
				   &k->virtuals[r->virtual_count++], NULL) < 0)
			stop("a virtual package that is none");
	}
	r->channels = &channels;
	r->specs = k->specs;
	r->virtuals = k->virtuals;
	if (!channel_priority_parse(str_of(json_text(doc, "priority")), &r->priority))
		stop("a channel priority that is none");
	r->elsewhere = say_elsewhere;
	r->cookie = k;
	k->elsewhere = json_get(doc, "elsewhere");
}

/* ---- the second opinion: the same matches as dependencies of libsolv ---- */

static Id key(Pool *pool, const char *kind, uint32_t i)
{
	char text[32];

	snprintf(text, sizeof(text), "%s-%u", kind, i);
	return pool_str2id(pool, text, 1);
}

static void add_solvable(Pool *pool, Repo *repo, const struct problem *p, uint32_t i)
{
	const struct solvable *from = &p->solvables.v[i];
	Solvable *s = pool_id2solvable(pool, repo_add_solvable(repo));

	s->name = key(pool, "name", from->name);
	s->evr = key(pool, "record", i);
	s->arch = ARCH_ALL;
	s->provides = repo_addid_dep(repo, s->provides, s->name, 0);
	for (uint32_t k = 0; k < from->depends; k++)
	s->requires = repo_addid_dep(repo, s->requires,
				     key(pool, "fits", p->edges.v[from->edges + k]), 0);
	for (uint32_t k = from->depends; k < (uint32_t)from->depends + from->constrains; k++)
		s->conflicts = repo_addid_dep(repo, s->conflicts,
					      key(pool, "not", p->edges.v[from->edges + k]), 0);
}

static void add_provides(Pool *pool, Repo *repo, const struct problem *p, Id first)
{
	uint8_t *fits = mem_zero(p->solvables.n + 1, 1);

	for (uint32_t t = 0; t < p->texts.n; t++) {
		const struct text *text = &p->texts.v[t];
		const struct package *k = &p->packages.v[text->package];
		if (text->bad)
			continue;
		for (uint32_t i = 0; i < text->count; i++)
			fits[text->matches[i]] = 1;
		for (uint32_t i = k->first; i < k->first + k->count; i++) {
			Solvable *s = pool_id2solvable(pool, first + (Id)i);
			Id id = key(pool, fits[i] ? "fits" : "not", t);
			s->provides = repo_addid_dep(repo, s->provides, id, 0);
			fits[i] = 0;
		}
	}
	free(fits);
}

static bool libsolv_agrees_there_is_one(const struct problem *p)
{
	Pool *pool = pool_create();
	Repo *repo = repo_create(pool, "all");
	Id first = pool->nsolvables;
	Queue jobs;

	pool_set_flag(pool, POOL_FLAG_FORBIDSELFCONFLICTS, 1);
	for (uint32_t i = 0; i < p->solvables.n; i++)
		add_solvable(pool, repo, p, i);
	add_provides(pool, repo, p, first);
	pool_createwhatprovides(pool);
	queue_init(&jobs);
	for (uint32_t i = 0; i < p->solvables.n; i++)
		if (p->solvables.v[i].channel == NO_CHANNEL)
			queue_push2(&jobs, SOLVER_INSTALL | SOLVER_SOLVABLE, first + (Id)i);
	for (size_t i = 0; i < p->request->spec_count; i++)
		queue_push2(&jobs, SOLVER_INSTALL | SOLVER_SOLVABLE_PROVIDES,
			    key(pool, "fits", p->requested[i]));
	Solver *solver = solver_create(pool);
	bool found = solver_solve(solver, &jobs) == 0;
	solver_free(solver);
	queue_free(&jobs);
	pool_free(pool);
	return found;
}

/* ---- whether an answer holds, by the match specs themselves ---- */

static const struct record *find(const struct kase *k, const struct solution *s, struct str name)
{
	for (size_t i = 0; i < s->count; i++)
		if (str_eq(s->records[i].name, name))
			return &s->records[i];
	for (size_t i = 0; i < k->request.virtual_count; i++)
		if (str_eq(k->virtuals[i].name, name))
			return &k->virtuals[i];
	return NULL;
}

static void check_text(struct kase *k, const struct solution *s, struct str text, bool needed,
		       struct json_out *wrong)
{
	struct matchspec m;

	if (matchspec_parse(&k->arena, text, MATCHSPEC_RECORD, &m, NULL) < 0)
		stop("a chosen record has a dependency that does not parse");
	const struct record *r = find(k, s, m.name);
	if (r ? !matchspec_matches(&m, r) : needed)
		json_put_str(wrong, NULL, text);
}

static void check(struct kase *k, const struct solution *s, struct json_out *wrong)
{
	for (size_t i = 0; i < k->request.spec_count; i++) {
		const struct record *r = find(k, s, k->specs[i].name);
		if (!r || !matchspec_matches(&k->specs[i], r))
			json_put_str(wrong, NULL, k->specs[i].name);
	}
	for (size_t i = 0; i < s->count; i++) {
		const struct record *r = &s->records[i];
		for (size_t j = 0; j < r->depends.n; j++)
			check_text(k, s, r->depends.v[j], true, wrong);
		for (size_t j = 0; j < r->constrains.n; j++)
			check_text(k, s, r->constrains.v[j], false, wrong);
		if (find(k, s, r->name) != r)
			json_put_str(wrong, NULL, r->name);
	}
}

/* ---- answering ---- */

static void say(struct kase *k, const struct solution *s, struct json_out *j)
{
	json_open(j, "files", '[');
	for (size_t i = 0; i < s->count; i++)
		json_put_str(j, NULL, str_from(s->records[i].url, strlen("file:///")));
	json_close(j, ']');
	json_open(j, "wrong", '[');
	check(k, s, j);
	json_close(j, ']');
}

static void answer(const cJSON *doc)
{
	AUTO(kase_done) struct kase k = {0};
	AUTO(solution_done) struct solution found = {0};
	AUTO(problem_done) struct problem p = {0};
	AUTO(err_free) struct err *e = NULL;
	AUTO(buf_done) struct buf out = BUF(16 << 20);
	struct json_out j = {&out, false};

	read_case(&k, doc);
	int code = solve(&k.request, &found, &e);
	if (code < 0 && code != ERR_UNSOLVABLE)
		stop(e->text);
	json_open(&j, NULL, '{');
	if (code < 0)
		json_put_text(&j, "conflict", e->text);
	else
		say(&k, &found, &j);
	problem_load(&p, &k.request);
	json_put_bool(&j, "libsolv", libsolv_agrees_there_is_one(&p));
	json_close(&j, '}');
	puts(out.data);
	fflush(stdout);
}

int main(void)
{
	char *line = NULL;
	size_t room = 0;
	ssize_t n;

	if (fs_temp_dir(access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp", &folder, NULL) < 0)
		return stop("no folder for temporary files");
	while ((n = getline(&line, &room, stdin)) > 0) {
		AUTO(json_free) cJSON *doc = NULL;
		if (json_parse((struct str){line, (size_t)n}, "stdin", &doc, NULL) < 0)
			return stop("a line that is no JSON");
		answer(doc);
	}
	free(line);
	channels_close(&channels);
	fs_remove(folder, NULL);
	free(folder);
	return 0;
}
