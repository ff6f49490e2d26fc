/* builder/libc_scan.c - which glibc a file is: by the line that it prints when it is run.
 *
 *     GNU C Library (Debian GLIBC 2.36-9+deb12u10) stable release version 2.36. */
#include "builder/libc.h"

static const char banner[] = "GNU C Library";
static const char before_version[] = "release version ";

enum {
	ELF_CLASS_DATA = 5, /* e_ident[EI_DATA] */
	ELF_BIG_ENDIAN = 2,
	ELF_MACHINE = 18,
	BANNER_SPAN = 200, /* from the banner's beginning to its version's end */
};
_Static_assert((int)LIBC_TAIL >= (int)BANNER_SPAN, "a banner across two pieces is kept");

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* "2.36" of "2.36.9000, ...": major and minor, as conda has them. Returns its length; 0: none. */
static size_t version_read(struct str text, char out[LIBC_VERSION_MAX])
{
	size_t n = 0, dots = 0;
	while (n < text.n && n < LIBC_VERSION_MAX - 1 &&
	       (is_digit(text.p[n]) || text.p[n] == '.')) {
		if (text.p[n] == '.' && (n == 0 || ++dots > 1))
			break;
		n++;
	}
	if (n < 3 || n == LIBC_VERSION_MAX - 1 || dots == 0 || text.p[n - 1] == '.')
		return 0;
	memcpy(out, text.p, n);
	out[n] = 0;
	return n;
}

bool libc_name_version(struct str name, char out[LIBC_VERSION_MAX])
{
	if (!str_starts(name, "libc-"))
		return false;
	struct str rest = str_from(name, 5);
	size_t n = version_read(rest, out);
	return n && str_is(str_from(rest, n), ".so");
}

/* A machine of the right kind, as far as the head tells; true until it is complete. */
static bool is_wanted(const struct libc_scan *s)
{
	const unsigned char *h = s->head;
	if (s->seen < LIBC_HEAD)
		return true;
	bool big = h[ELF_CLASS_DATA] == ELF_BIG_ENDIAN;
	unsigned low = h[ELF_MACHINE + big], high = h[ELF_MACHINE + !big];
	return memcmp(h, "\177ELF", 4) == 0 && (high << 8 | low) == s->machine;
}

/* Looks for the banner in one piece; a banner that the piece's end cuts off is left for later. */
static void look(struct libc_scan *s, const char *p, size_t n)
{
	const char *end = p + n, *at = p;
	while ((at = memmem(at, (size_t)(end - at), banner, sizeof(banner) - 1))) {
		size_t span = (size_t)(end - at) < BANNER_SPAN ? (size_t)(end - at) : BANNER_SPAN;
		const char *v = memmem(at, span, before_version, sizeof(before_version) - 1);
		if (v) {
			v += sizeof(before_version) - 1;
			struct str rest = {v, (size_t)(at + span - v)};
			char found[LIBC_VERSION_MAX];
			size_t length = version_read(rest, found);
			/* With a byte behind it, it is whole. */
			if (length && length < rest.n) {
				memcpy(s->version, found, sizeof(found));
				return;
			}
		}
		at++;
	}
}

static void keep_tail(struct libc_scan *s, const char *p, size_t n)
{
	size_t keep = n < LIBC_TAIL ? n : LIBC_TAIL;
	size_t old = s->tail_n + keep > LIBC_TAIL ? LIBC_TAIL - keep : s->tail_n;
	memmove(s->tail, s->tail + s->tail_n - old, old);
	memcpy(s->tail + old, p + n - keep, keep);
	s->tail_n = old + keep;
}

bool libc_scan_add(struct libc_scan *s, const char *p, size_t n)
{
	char seam[2 * LIBC_TAIL];
	size_t front = n < LIBC_TAIL ? n : LIBC_TAIL;
	if (n == 0)
		return false;
	for (size_t i = 0; i < n && s->seen + i < LIBC_HEAD; i++)
		s->head[s->seen + i] = (unsigned char)p[i];
	s->seen += n;
	if (!is_wanted(s) || s->version[0])
		return true;
	memcpy(seam, s->tail, s->tail_n);
	memcpy(seam + s->tail_n, p, front);
	look(s, seam, s->tail_n + front);
	if (!s->version[0])
		look(s, p, n);
	keep_tail(s, p, n);
	return s->version[0] != 0;
}
