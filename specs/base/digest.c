/* specs/base/digest.c - hashes through EVP, which uses the CPU's instructions. */
#include "specs/base/digest.h"
#include <errno.h>
#include <isa-l.h>
#include <openssl/evp.h>

struct hasher {
	EVP_MD_CTX *ctx;
	const EVP_MD *kind;
};

static void must(int ok)
{
	if (!ok)
		abort(); /* EVP fails on digests only when out of memory */
}

static struct hasher *make(const EVP_MD *kind)
{
	struct hasher *h = mem_alloc(sizeof(*h));
	h->kind = kind;
	h->ctx = EVP_MD_CTX_new();
	must(h->ctx != NULL);
	hasher_reset(h);
	return h;
}

struct hasher *hasher_new(void)
{
	return make(EVP_sha256());
}

struct hasher *hasher_new_md5(void)
{
	return make(EVP_md5());
}

struct hasher *hasher_copy(const struct hasher *h)
{
	struct hasher *copy = make(h->kind);
	must(EVP_MD_CTX_copy_ex(copy->ctx, h->ctx));
	return copy;
}

void hasher_free(struct hasher *h)
{
	if (!h)
		return;
	EVP_MD_CTX_free(h->ctx);
	free(h);
}

void hasher_reset(struct hasher *h)
{
	must(EVP_DigestInit_ex(h->ctx, h->kind, NULL));
}

void hasher_add(struct hasher *h, const void *p, size_t n)
{
	must(EVP_DigestUpdate(h->ctx, p, n));
}

void hasher_end(struct hasher *h, struct digest *out)
{
	must(EVP_DigestFinal_ex(h->ctx, out->bytes, NULL));
}

void hasher_end_md5(struct hasher *h, uint8_t out[MD5_SIZE])
{
	must(EVP_DigestFinal_ex(h->ctx, out, NULL));
}

void digest_of(const void *p, size_t n, struct digest *out)
{
	AUTO(hasher_free) struct hasher *h = hasher_new();
	hasher_add(h, p, n);
	hasher_end(h, out);
}

static int each_chunk(int fd, void (*add)(void *cookie, const void *p, size_t n), void *cookie,
		      struct err **e)
{
	enum { CHUNK = 256 << 10 };
	AUTO(free) char *chunk = mem_alloc(CHUNK);
	for (;;) {
		ssize_t n = read(fd, chunk, CHUNK);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return err_sys(e, "read");
		if (n == 0)
			return 0;
		add(cookie, chunk, (size_t)n);
	}
}

struct sized {
	struct hasher *hasher;
	uint64_t size;
};

static void add_sized(void *cookie, const void *p, size_t n)
{
	struct sized *s = cookie;
	hasher_add(s->hasher, p, n);
	s->size += n;
}

int digest_of_fd(int fd, struct digest *out, uint64_t *out_size, struct err **e)
{
	AUTO(hasher_free) struct hasher *h = hasher_new();
	struct sized s = {h, 0};
	int code = each_chunk(fd, add_sized, &s, e);
	if (code < 0)
		return code;
	hasher_end(h, out);
	if (out_size)
		*out_size = s.size;
	return 0;
}

uint64_t crc64(uint64_t before, const void *p, size_t n)
{
	return crc64_ecma_refl(before, p, n);
}

static void add_crc64(void *cookie, const void *p, size_t n)
{
	uint64_t *crc = cookie;
	*crc = crc64(*crc, p, n);
}

int crc64_of_fd(int fd, uint64_t *out, struct err **e)
{
	uint64_t crc = 0;
	int code = each_chunk(fd, add_crc64, &crc, e);
	if (code == 0)
		*out = crc;
	return code;
}

void hex_write(const uint8_t *bytes, size_t n, char *out)
{
	static const char digits[] = "0123456789abcdef";
	for (size_t i = 0; i < n; i++) {
		out[2 * i] = digits[bytes[i] >> 4];
		out[2 * i + 1] = digits[bytes[i] & 15];
	}
	out[2 * n] = 0;
}

/* A table, since the index of a channel holds millions of digests. */
static int nibble(char c)
{
	static const uint8_t plus_one[256] = {
		['0'] = 1,  ['1'] = 2,	['2'] = 3,  ['3'] = 4,	['4'] = 5,  ['5'] = 6,
		['6'] = 7,  ['7'] = 8,	['8'] = 9,  ['9'] = 10, ['a'] = 11, ['b'] = 12,
		['c'] = 13, ['d'] = 14, ['e'] = 15, ['f'] = 16, ['A'] = 11, ['B'] = 12,
		['C'] = 13, ['D'] = 14, ['E'] = 15, ['F'] = 16,
	};
	return plus_one[(unsigned char)c] - 1;
}

bool hex_read(struct str text, uint8_t *out, size_t n)
{
	if (text.n != 2 * n)
		return false;
	for (size_t i = 0; i < n; i++) {
		int high = nibble(text.p[2 * i]), low = nibble(text.p[2 * i + 1]);
		if (high < 0 || low < 0)
			return false;
		out[i] = (uint8_t)(high << 4 | low);
	}
	return true;
}

struct digest_text digest_text(const struct digest *d)
{
	struct digest_text text;
	hex_write(d->bytes, DIGEST_SIZE, text.hex);
	return text;
}

struct digest_name digest_name(const struct digest *d)
{
	struct digest_name name = {"sha256:"};
	hex_write(d->bytes, DIGEST_SIZE, name.text + 7);
	return name;
}

bool digest_parse(struct str text, struct digest *out)
{
	if (str_starts(text, "sha256:"))
		text = str_from(text, 7);
	return hex_read(text, out->bytes, DIGEST_SIZE);
}
