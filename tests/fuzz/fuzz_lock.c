/* tests/fuzz/fuzz_lock.c - a lock from anywhere: what is read, written and read again is the
 * same. */
#include "specs/lock.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

typedef int writer(const struct lock *l, struct buf *out, struct err **e);

static void check(bool holds)
{
	if (!holds)
		abort();
}

/* No part of a package may lead out of a folder it names. */
static void check_names(const struct lock *l)
{
	for (size_t i = 0; i < l->count; i++) {
		const struct record *r = &l->records[i];
		const struct str parts[] = {r->name, r->version_text, r->fn, r->build, r->subdir};
		size_t count = r->manager == MANAGER_PIP ? 3 : COUNT(parts);
		for (size_t k = 0; k < count; k++)
			check(parts[k].n && parts[k].p[0] != '.' &&
			      str_find(parts[k], '/') == parts[k].n &&
			      strlen(parts[k].p) >= parts[k].n);
	}
}

static void check_form(const struct lock *l, writer *write)
{
	AUTO(buf_done) struct buf once = BUF(1 << 26), again = BUF(1 << 26);
	AUTO(lock_done) struct lock back = {.arena = ARENA};
	if (write(l, &once, NULL) < 0)
		return;
	check(lock_read(buf_str(&once), "lock", "linux-64", &back, NULL) == 0);
	check(back.count == l->count);
	check(write(&back, &again, NULL) == 0 && str_eq(buf_str(&once), buf_str(&again)));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	AUTO(lock_done) struct lock l = {.arena = ARENA};
	AUTO(err_free) struct err *e = NULL;
	struct str text = {(const char *)data, size};
	if (lock_read(text, "lock", "linux-64", &l, &e) < 0) {
		check(e && strncmp(e->text, "lock:", 5) == 0);
		return 0;
	}
	check_names(&l);
	check_form(&l, lock_write);
	check_form(&l, lock_write_explicit);
	return 0;
}
