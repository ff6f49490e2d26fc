/* intern.c - an open hash table over one growing run of bytes. */
#include "cache/intern.h"

void intern_done(struct intern *t)
{
	free(t->bytes);
	free(t->ends);
	free(t->slots);
	memset(t, 0, sizeof(*t));
}

uint64_t intern_hash(struct str s)
{
	uint64_t h = 0x9e3779b97f4a7c15u ^ s.n, word;

	for (; s.n >= 8; s.p += 8, s.n -= 8) {
		memcpy(&word, s.p, 8);
		h = (h ^ word) * 0xff51afd7ed558ccdu;
		h ^= h >> 32;
	}
	word = 0;
	if (s.n)
		memcpy(&word, s.p, s.n);
	h = (h ^ word) * 0xc4ceb9fe1a85ec53u;
	h ^= h >> 29;
	h *= 0xff51afd7ed558ccdu;
	return h ^ h >> 32;
}

struct str intern_text(const struct intern *t, uint32_t id)
{
	uint32_t from = id ? t->ends[id - 1] : 0;

	return (struct str){t->bytes ? t->bytes + from : "", t->ends[id] - from};
}

static struct intern_slot *free_slot(const struct intern *t, uint32_t hash)
{
	uint32_t at = hash & (t->slot_count - 1);

	while (t->slots[at].id)
		at = (at + 1) & (t->slot_count - 1);
	return &t->slots[at];
}

static void grow_slots(struct intern *t)
{
	struct intern_slot *old = t->slots;
	uint32_t old_count = t->slot_count;

	t->slot_count = old_count ? old_count * 2 : 1024;
	t->slots = mem_zero(t->slot_count, sizeof(*t->slots));
	for (uint32_t i = 0; i < old_count; i++)
		if (old[i].id)
			*free_slot(t, old[i].hash) = old[i];
	free(old);
}

static uint32_t append(struct intern *t, struct str s)
{
	if (t->bytes_n + s.n > UINT32_MAX)
		return UINT32_MAX;
	if (t->bytes_n + s.n > t->bytes_room) {
		t->bytes_room = t->bytes_room * 3 / 2 + s.n + 4096;
		t->bytes = mem_grow(t->bytes, t->bytes_room, 1);
	}
	if (t->n == t->room) {
		t->room = t->room * 3 / 2 + 256;
		t->ends = mem_grow(t->ends, t->room, sizeof(*t->ends));
	}
	if (s.n)
		memcpy(t->bytes + t->bytes_n, s.p, s.n);
	t->bytes_n += s.n;
	t->ends[t->n] = (uint32_t)t->bytes_n;
	return t->n++;
}

uint32_t intern_id(struct intern *t, struct str s)
{
	if (t->n >= t->slot_count / 4 * 3)
		grow_slots(t);
	uint32_t hash = (uint32_t)intern_hash(s), at = hash & (t->slot_count - 1);
	for (; t->slots[at].id; at = (at + 1) & (t->slot_count - 1))
		if (t->slots[at].hash == hash && str_eq(intern_text(t, t->slots[at].id - 1), s))
			return t->slots[at].id - 1;
	uint32_t id = append(t, s);
	if (id != UINT32_MAX)
		t->slots[at] = (struct intern_slot){id + 1, hash};
	return id;
}

uint32_t intern_guess(struct intern *t, struct str s, uint32_t guess)
{
	if (guess < t->n && str_eq(intern_text(t, guess), s))
		return guess;
	return intern_id(t, s);
}
