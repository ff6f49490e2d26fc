/* specs/base/near.c - the known word that a mistyped one was probably meant to be. */
#include "specs/base/near.h"

enum { LONGEST = 64, FAR = 4 };

/* How many letters must be changed, put in or left out to make b of a. */
static unsigned edit_distance(struct str a, struct str b)
{
	unsigned row[LONGEST + 1];
	for (unsigned k = 0; k <= b.n; k++)
		row[k] = k;
	for (unsigned i = 1; i <= a.n; i++) {
		unsigned diagonal = row[0];
		row[0] = i;
		for (unsigned k = 1; k <= b.n; k++) {
			unsigned best = diagonal + ((a.p[i - 1] | 32) != (b.p[k - 1] | 32));
			diagonal = row[k];
			if (row[k] + 1 < best)
				best = row[k] + 1;
			if (row[k - 1] + 1 < best)
				best = row[k - 1] + 1;
			row[k] = best;
		}
	}
	return row[b.n];
}

const char *near_word(struct str text, const char *const *words, size_t n)
{
	const char *nearest = NULL;
	unsigned best = FAR;
	for (size_t i = 0; i < n && text.n <= LONGEST; i++) {
		struct str known = str_of(words[i]);
		unsigned distance = known.n <= LONGEST ? edit_distance(text, known) : FAR;
		if (distance < best && distance * 2 < known.n) {
			best = distance;
			nearest = words[i];
		}
	}
	return nearest;
}
