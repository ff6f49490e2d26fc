/* specs/base/digest.h - SHA-256 (FIPS 180-4) and MD5 of bytes, through OpenSSL's EVP.
 *
 * A struct digest is always a SHA-256; its text is 64 lower-case hex digits, or with
 * "sha256:" in front where an OCI descriptor wants it. MD5 only serves to check old conda
 * packages that carry nothing better; a CRC, to see what a disk did to files of our own. */
#ifndef KILN_BASE_DIGEST_H
#define KILN_BASE_DIGEST_H
#include "specs/base/buf.h"

enum { DIGEST_SIZE = 32, DIGEST_HEX = 64, MD5_SIZE = 16, MD5_HEX = 32 };

struct digest {
	uint8_t bytes[DIGEST_SIZE];
};

struct digest_text {
	char hex[DIGEST_HEX + 1];
};

static inline bool digest_eq(const struct digest *a, const struct digest *b)
{
	return memcmp(a, b, sizeof(*a)) == 0;
}

/* digest_text(&d).hex lives to the end of the full expression. */
struct digest_text digest_text(const struct digest *d);

struct digest_name {
	char text[DIGEST_HEX + 8]; /* "sha256:" and the digits */
};
/* digest_name(&d).text lives as long. */
struct digest_name digest_name(const struct digest *d);
/* Reads 64 hex digits of either case, with or without "sha256:"; false for all else. */
bool digest_parse(struct str text, struct digest *out);
/* n bytes as 2n lower-case hex digits and a 0; and back, of either case. */
void hex_write(const uint8_t *bytes, size_t n, char *out);
bool hex_read(struct str text, uint8_t *out, size_t n);

struct hasher;			     /* a running hash */
struct hasher *hasher_new(void);     /* SHA-256 */
struct hasher *hasher_new_md5(void); /* MD5 */
struct hasher *hasher_copy(const struct hasher *h);
void hasher_free(struct hasher *h);
AUTO_DEFINE(struct hasher *, hasher_free)
void hasher_add(struct hasher *h, const void *p, size_t n);
/* Ends the hash; only hasher_reset or hasher_free may follow. */
void hasher_end(struct hasher *h, struct digest *out);
void hasher_end_md5(struct hasher *h, uint8_t out[MD5_SIZE]);
void hasher_reset(struct hasher *h);

void digest_of(const void *p, size_t n, struct digest *out);
/* Of all that fd holds from its place to the end. */
int digest_of_fd(int fd, struct digest *out, uint64_t *out_size, struct err **e);

/* CRC-64 of pieces one after the other; `before` the first is 0. */
uint64_t crc64(uint64_t before, const void *p, size_t n);
/* Of all that fd holds from its place to the end. */
int crc64_of_fd(int fd, uint64_t *out, struct err **e);
#endif
