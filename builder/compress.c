/* builder/compress.c - igzip and zstd behind one small interface. */
#include "builder/compress.h"
#include "builder/belt.h"
#include "specs/base/interrupt.h"
#include <isa-l.h>
#include <stdio.h>
#include <zstd.h>

enum {
	BLOCK = 128 << 10, /* part of the identity: another size gives other bytes */
	OUT = 128 << 10,
	/* Levels 1 and 2 of igzip give the same bytes under every CPU model that was tried,
	 * 3 does not; 1 packs the same trees 5 % larger but a third faster. */
	GZIP_LEVEL = 1,
	/* igzip hashes the third position of a stream from its own address, where its fast code
	 * meets the first byte, so that a few streams in a thousand would come out one way or
	 * another. That code leaves as many bytes as this to the careful one: they go first,
	 * alone. */
	GZIP_FIRST = 16,
	ZSTD_LEVEL = 3,
};

static const struct {
	const char *name;
} rows[] = {[COMPRESSION_GZIP] = {"gzip"}, [COMPRESSION_ZSTD] = {"zstd"}};

bool compression_parse(struct str name, enum compression *out)
{
	for (size_t i = 0; i < COUNT(rows); i++)
		if (str_is(name, rows[i].name)) {
			*out = (enum compression)i;
			return true;
		}
	return false;
}

const char *compression_name(enum compression c)
{
	return rows[c].name;
}

/* igzip picks its code by CPU. All x86 with SSE4.2 agree; the portable code does not. */
static const char *cpu_family(void)
{
#if defined(__x86_64__)
	return __builtin_cpu_supports("sse4.2") ? "x86-64" : "x86-64-portable";
#elif defined(__aarch64__)
	return "aarch64";
#else
	return "portable";
#endif
}

struct str compression_identity(enum compression c)
{
	static _Thread_local char text[96];
	int n = c == COMPRESSION_GZIP
			? snprintf(text, sizeof(text),
				   "igzip %d.%d.%d level %d first %d block %d %s",
				   ISAL_MAJOR_VERSION, ISAL_MINOR_VERSION, ISAL_PATCH_VERSION,
				   GZIP_LEVEL, GZIP_FIRST, BLOCK, cpu_family())
			: snprintf(text, sizeof(text), "zstd %u level %d block %d",
				   ZSTD_versionNumber(), ZSTD_LEVEL, BLOCK);
	return (struct str){text, (size_t)n};
}

struct packer {
	enum compression kind;
	struct hasher *plain;
	struct bytes_to to;
	uint64_t plain_size;
	size_t held; /* bytes of block */
	struct isal_zstream *gzip;
	uint8_t *gzip_level;
	ZSTD_CCtx *zstd;
	uint8_t *block, *out;
	struct belt *belt; /* NULL: the caller's thread compresses */
};

static void gzip_open(struct packer *p)
{
	p->gzip = mem_alloc(sizeof(*p->gzip));
	p->gzip_level = mem_alloc(ISAL_DEF_LVL1_DEFAULT);
	isal_deflate_init(p->gzip);
	p->gzip->level = GZIP_LEVEL;
	p->gzip->level_buf = p->gzip_level;
	p->gzip->level_buf_size = ISAL_DEF_LVL1_DEFAULT;
	p->gzip->gzip_flag = IGZIP_GZIP;
}

struct packer *packer_new(enum compression c, struct hasher *plain, struct bytes_to to)
{
	struct packer *p = mem_zero(1, sizeof(*p));
	p->kind = c;
	p->plain = plain;
	p->to = to;
	p->block = mem_alloc(BLOCK);
	p->out = mem_alloc(OUT);
	if (c == COMPRESSION_GZIP) {
		gzip_open(p);
		return p;
	}
	p->zstd = ZSTD_createCCtx();
	if (!p->zstd)
		abort(); /* out of memory, nothing else */
	ZSTD_CCtx_setParameter(p->zstd, ZSTD_c_compressionLevel, ZSTD_LEVEL);
	ZSTD_CCtx_setParameter(p->zstd, ZSTD_c_contentSizeFlag, 0);
	return p;
}

void packer_free(struct packer *p)
{
	if (!p)
		return;
	belt_free(p->belt);
	ZSTD_freeCCtx(p->zstd);
	free(p->gzip);
	free(p->gzip_level);
	free(p->block);
	free(p->out);
	free(p);
}

static int gzip_write(struct packer *p, const uint8_t *bytes, size_t n, bool last, struct err **e)
{
	struct isal_zstream *z = p->gzip;
	z->next_in = (uint8_t *)bytes;
	z->avail_in = (uint32_t)n;
	z->end_of_stream = last;
	do {
		z->next_out = p->out;
		z->avail_out = OUT;
		if (isal_deflate(z) != COMP_OK)
			return err_set(e, ERR_FAILED, "igzip does not compress");
		size_t made = OUT - z->avail_out;
		int r = made ? p->to.write(p->to.cookie, p->out, made, e) : 0;
		if (r < 0)
			return r;
	} while (z->avail_out == 0 || (last && z->internal_state.state != ZSTATE_END));
	return 0;
}

static int gzip_block(struct packer *p, const uint8_t *block, size_t n, bool last, struct err **e)
{
	if (p->gzip->total_in > 0 || n <= GZIP_FIRST)
		return gzip_write(p, block, n, last, e);
	p->gzip->flush = SYNC_FLUSH;
	int r = gzip_write(p, block, GZIP_FIRST, false, e);
	p->gzip->flush = NO_FLUSH;
	return r < 0 ? r : gzip_write(p, block + GZIP_FIRST, n - GZIP_FIRST, last, e);
}

static int zstd_block(struct packer *p, const uint8_t *block, size_t n, bool last, struct err **e)
{
	ZSTD_inBuffer in = {block, n, 0};
	size_t left;
	do {
		ZSTD_outBuffer out = {p->out, OUT, 0};
		left = ZSTD_compressStream2(p->zstd, &out, &in,
					    last ? ZSTD_e_end : ZSTD_e_continue);
		if (ZSTD_isError(left))
			return err_set(e, ERR_FAILED, "zstd: %s", ZSTD_getErrorName(left));
		int r = out.pos ? p->to.write(p->to.cookie, p->out, out.pos, e) : 0;
		if (r < 0)
			return r;
	} while (last ? left > 0 : in.pos < in.size);
	return 0;
}

static int compress(void *packer, const uint8_t *block, size_t n, bool last, struct err **e)
{
	struct packer *p = packer;
	return p->kind == COMPRESSION_GZIP ? gzip_block(p, block, n, last, e)
					   : zstd_block(p, block, n, last, e);
}

void packer_beside(struct packer *p)
{
	p->belt = belt_new(BLOCK, compress, p);
}

static int pack_block(struct packer *p, bool last, struct err **e)
{
	int r = interrupt_check(e);
	if (r < 0)
		return r;
	if (p->plain)
		hasher_add(p->plain, p->block, p->held);
	p->plain_size += p->held;
	r = p->belt ? belt_put(p->belt, &p->block, p->held, last, e)
		    : compress(p, p->block, p->held, last, e);
	p->held = 0;
	return r;
}

int packer_add(struct packer *p, const void *bytes, size_t n, struct err **e)
{
	const uint8_t *at = bytes;
	while (n > 0) {
		size_t part = n < BLOCK - p->held ? n : BLOCK - p->held;
		memcpy(p->block + p->held, at, part);
		p->held += part;
		at += part;
		n -= part;
		int r = p->held == BLOCK ? pack_block(p, false, e) : 0;
		if (r < 0)
			return r;
	}
	return 0;
}

int packer_end(struct packer *p, struct err **e)
{
	int r = pack_block(p, true, e);
	return r < 0 || !p->belt ? r : belt_end(p->belt, e);
}

uint64_t packer_plain_size(const struct packer *p)
{
	return p->plain_size + p->held;
}

struct unpacker {
	enum compression kind;
	struct bytes_to to;
	struct inflate_state *gzip;
	ZSTD_DCtx *zstd;
	bool open; /* inside a member */
	uint8_t *out;
};

struct unpacker *unpacker_new(enum compression c, struct bytes_to to)
{
	struct unpacker *u = mem_zero(1, sizeof(*u));
	u->kind = c;
	u->to = to;
	u->out = mem_alloc(OUT);
	if (c == COMPRESSION_GZIP)
		u->gzip = mem_alloc(sizeof(*u->gzip));
	else if (!(u->zstd = ZSTD_createDCtx()))
		abort(); /* out of memory, nothing else */
	return u;
}

void unpacker_free(struct unpacker *u)
{
	if (!u)
		return;
	ZSTD_freeDCtx(u->zstd);
	free(u->gzip);
	free(u->out);
	free(u);
}

static void gzip_member(struct unpacker *u)
{
	isal_inflate_init(u->gzip);
	u->gzip->crc_flag = ISAL_GZIP;
	u->open = true;
}

static int gzip_add(struct unpacker *u, const uint8_t *bytes, size_t n, struct err **e)
{
	while (n > 0) {
		if (!u->open)
			gzip_member(u);
		struct inflate_state *z = u->gzip;
		z->next_in = (uint8_t *)bytes;
		z->avail_in = (uint32_t)n;
		do {
			z->next_out = u->out;
			z->avail_out = OUT;
			int bad = isal_inflate(z);
			if (bad)
				return err_set(e, ERR_CORRUPT, "gzip data is broken (%d)", bad);
			size_t got = OUT - z->avail_out;
			int r = got ? u->to.write(u->to.cookie, u->out, got, e) : 0;
			if (r < 0)
				return r;
		} while (z->avail_out == 0 && z->block_state != ISAL_BLOCK_FINISH);
		u->open = z->block_state != ISAL_BLOCK_FINISH;
		bytes += n - z->avail_in;
		n = z->avail_in;
	}
	return 0;
}

static int zstd_add(struct unpacker *u, const uint8_t *bytes, size_t n, struct err **e)
{
	ZSTD_inBuffer in = {bytes, n, 0};
	ZSTD_outBuffer out;
	do {
		out = (ZSTD_outBuffer){u->out, OUT, 0};
		size_t left = ZSTD_decompressStream(u->zstd, &out, &in);
		if (ZSTD_isError(left))
			return err_set(e, ERR_CORRUPT, "zstd: %s", ZSTD_getErrorName(left));
		u->open = left > 0;
		int r = out.pos ? u->to.write(u->to.cookie, u->out, out.pos, e) : 0;
		if (r < 0)
			return r;
	} while (in.pos < in.size || (out.pos == OUT && u->open));
	return 0;
}

int unpacker_add(struct unpacker *u, const void *bytes, size_t n, struct err **e)
{
	enum { STEP = 1 << 20 }; /* igzip counts in 32 bits */
	const uint8_t *at = bytes;
	while (n > 0) {
		size_t part = n < STEP ? n : STEP;
		int r = u->kind == COMPRESSION_GZIP ? gzip_add(u, at, part, e)
						    : zstd_add(u, at, part, e);
		if (r < 0)
			return r;
		at += part;
		n -= part;
	}
	return interrupt_check(e);
}

int unpacker_end(struct unpacker *u, struct err **e)
{
	if (u->open)
		return err_set(e, ERR_CORRUPT, "%s data is cut off", compression_name(u->kind));
	return 0;
}
