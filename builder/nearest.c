/* nearest.c - the names that were meant by one that no channel has. */
#include "builder/explain.h"

enum { COMPARED_MAX = 64, FAR = UINT32_MAX };

/* What Python's package index calls them, and what channels do. */
static const struct {
	const char *there, *here;
} known_names[] = {
	{"bs4", "beautifulsoup4"},
	{"cv2", "opencv"},
	{"faiss", "faiss-cpu"},
	{"graphviz", "python-graphviz"},
	{"kaleido", "python-kaleido"},
	{"magic", "python-magic"},
	{"msgpack", "msgpack-python"},
	{"opencv-contrib-python", "opencv"},
	{"opencv-python", "opencv"},
	{"opencv-python-headless", "opencv"},
	{"sklearn", "scikit-learn"},
	{"skimage", "scikit-image"},
	{"tables", "pytables"},
	{"torch", "pytorch"},
	{"tensorflow-cpu", "tensorflow"},
	{"xgboost-cpu", "xgboost"},
	{"yaml", "pyyaml"},
};

/* `-`, `_` and `.` are written for one another. */
static char plain(char c)
{
	if (c == '_' || c == '.')
		return '-';
	return c >= 'A' && c <= 'Z' ? (char)(c + 32) : c;
}

static uint32_t least(uint32_t a, uint32_t b)
{
	return a < b ? a : b;
}

/* Letters added, left out, changed or swapped with their neighbour. */
static uint32_t distance(struct str a, struct str b)
{
	uint32_t rows[3][COMPARED_MAX + 1];
	uint32_t *two = rows[0], *one = rows[1], *now = rows[2];

	for (uint32_t j = 0; j <= b.n; j++)
		one[j] = j;
	for (size_t i = 0; i < a.n; i++) {
		now[0] = (uint32_t)i + 1;
		for (size_t j = 0; j < b.n; j++) {
			bool same = plain(a.p[i]) == plain(b.p[j]);
			now[j + 1] = least(one[j] + !same, least(now[j], one[j + 1]) + 1);
			if (i && j && plain(a.p[i]) == plain(b.p[j - 1]) &&
			    plain(a.p[i - 1]) == plain(b.p[j]))
				now[j + 1] = least(now[j + 1], two[j - 1] + 1);
		}
		uint32_t *free_row = two;
		two = one;
		one = now;
		now = free_row;
	}
	return one[b.n];
}

static struct str without_affix(struct str s)
{
	static const char *const before[] = {"python-", "py-", "py", "lib"}, *const behind[] = {
										     "-python",
										     "-py", "-dev",
										     "-devel",
										     "-bin"};

	for (size_t i = 0; i < COUNT(before); i++)
		if (str_starts(s, before[i]) && s.n > strlen(before[i]) + 1)
			return str_from(s, strlen(before[i]));
	for (size_t i = 0; i < COUNT(behind); i++)
		if (str_ends(s, behind[i]))
			return str_to(s, s.n - strlen(behind[i]));
	return s;
}

/* How far off another name is: less is nearer; FAR: not meant. */
static uint32_t how_far(struct str name, struct str other)
{
	uint32_t limit = name.n < 4 ? 0 : name.n < 6 ? 1 : name.n < 12 ? 2 : 3;

	for (size_t i = 0; i < COUNT(known_names); i++)
		if (str_is(name, known_names[i].there) && str_is(other, known_names[i].here))
			return 0;
	if (name.n > COMPARED_MAX || other.n > COMPARED_MAX)
		return FAR;
	if (other.n <= name.n + limit && name.n <= other.n + limit) {
		uint32_t d = distance(name, other);
		if (d <= limit)
			return d * 2;
	}
	struct str a = without_affix(name), b = without_affix(other);
	if (a.n > 2 && (a.n < name.n || b.n < other.n) && a.n == b.n && distance(a, b) == 0)
		return 3;
	return FAR;
}

struct found {
	struct str *name; /* NEAREST_MAX of them */
	uint32_t far[NEAREST_MAX];
	size_t n;
};

static void offer(struct found *f, struct str name, uint32_t far)
{
	size_t at = f->n;

	for (size_t i = 0; i < f->n; i++)
		if (str_eq(f->name[i], name))
			return;
	while (at && f->far[at - 1] > far)
		at--;
	if (at == NEAREST_MAX)
		return;
	f->n += f->n < NEAREST_MAX;
	for (size_t i = f->n - 1; i > at; i--) {
		f->name[i] = f->name[i - 1];
		f->far[i] = f->far[i - 1];
	}
	f->name[at] = name;
	f->far[at] = far;
}

size_t nearest_names(const struct channels *c, struct str name, struct str out[NEAREST_MAX])
{
	struct found f = {.name = out};

	for (size_t i = 0; i < c->n; i++) {
		for (size_t k = 0; k < c->v[i].subdir_count; k++) {
			const struct channel_subdir *s = &c->v[i].subdirs[k];
			for (size_t j = 0; j < channel_name_count(s); j++) {
				uint32_t far = how_far(name, channel_name(s, j));
				if (far != FAR)
					offer(&f, channel_name(s, j), far);
			}
		}
	}
	return f.n;
}

static bool is_there(const struct channels *c, struct str name)
{
	uint32_t first, count;

	for (size_t i = 0; i < c->n; i++)
		for (size_t k = 0; k < c->v[i].subdir_count; k++)
			if (c->v[i].subdirs[k].index &&
			    index_find(c->v[i].subdirs[k].index, name, &first, &count))
				return true;
	return false;
}

void solve_nearest(const struct channels *c, struct str name, struct buf *out)
{
	struct str near[NEAREST_MAX];
	size_t n = is_there(c, name) ? 0 : nearest_names(c, name, near);

	for (size_t i = 0; i < n; i++) {
		buf_add_text(out, i ? ", " : "");
		conflict_say_plain(near[i], out);
	}
}
