/* msgpack_check.c - whether bytes are one whole MessagePack value, before libmsgpack builds it. */
#include "cache/msgpack_check.h"

/* What follows a first byte of 0xc0 to 0xdf: a number of that many bytes, and what it counts. */
static const struct {
	char counts; /* v: nothing, it is the value; b: bytes; a, m: elements, pairs; !: no value */
	uint8_t size, more; /* bytes behind it in any case */
} rows[] = {
	{'v', 0, 0}, {'!', 0, 0}, {'v', 0, 0}, {'v', 0, 0},		  /* nil ... */
	{'b', 1, 0}, {'b', 2, 0}, {'b', 4, 0},				  /* bin */
	{'b', 1, 1}, {'b', 2, 1}, {'b', 4, 1},				  /* ext */
	{'v', 4, 0}, {'v', 8, 0},					  /* float */
	{'v', 1, 0}, {'v', 2, 0}, {'v', 4, 0}, {'v', 8, 0},		  /* uint */
	{'v', 1, 0}, {'v', 2, 0}, {'v', 4, 0}, {'v', 8, 0},		  /* int */
	{'v', 2, 0}, {'v', 3, 0}, {'v', 5, 0}, {'v', 9, 0}, {'v', 17, 0}, /* fixext */
	{'b', 1, 0}, {'b', 2, 0}, {'b', 4, 0},				  /* str */
	{'a', 2, 0}, {'a', 4, 0}, {'m', 2, 0}, {'m', 4, 0},
};

struct item {
	uint64_t bytes, values; /* behind the head: bytes of its own, values in it */
	size_t head;
	bool bad;
};

static struct item short_item(uint8_t first)
{
	struct item it = {.head = 1};
	if (first >= 0x80 && first < 0x90)
		it.values = 2u * (first & 15u);
	else if (first >= 0x90 && first < 0xa0)
		it.values = first & 15u;
	else if (first >= 0xa0 && first < 0xc0)
		it.bytes = first & 31u;
	return it;
}

static struct item read_item(const uint8_t *p, size_t n)
{
	if (*p < 0xc0 || *p > 0xdf)
		return short_item(*p);
	char counts = rows[*p - 0xc0].counts;
	size_t size = rows[*p - 0xc0].size;
	struct item it = {.head = 1 + size, .bytes = rows[*p - 0xc0].more};
	it.bad = counts == '!' || n < it.head;
	uint64_t number = 0;
	for (size_t i = 1; i <= size && !it.bad && counts != 'v'; i++)
		number = number << 8 | p[i];
	if (counts == 'b')
		it.bytes += number;
	else if (counts != 'v')
		it.values = counts == 'm' ? 2 * number : number;
	return it;
}

bool msgpack_is_whole(struct str s)
{
	const uint8_t *p = (const uint8_t *)s.p;
	size_t left = s.n;
	uint64_t wanted = 1;
	while (wanted) {
		if (!left)
			return false;
		struct item it = read_item(p, left);
		if (it.bad || it.bytes > left - it.head)
			return false;
		p += it.head + it.bytes;
		left -= it.head + it.bytes;
		wanted += it.values - 1;
		if (wanted > left)
			return false;
	}
	return left == 0;
}
