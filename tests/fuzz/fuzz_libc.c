/* fuzz_libc.c - any bytes as the layers of an image: the first byte says where to cut them. */
#include "builder/libc.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int read_layer(void *cookie, size_t i,
		      int (*write)(void *to, const void *p, size_t n, struct err **e), void *to,
		      struct err **e)
{
	const struct str *layers = cookie;
	return layers[i].n ? write(to, layers[i].p, layers[i].n, e) : 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct libc_layer known[2];
	struct libc libc, again;
	AUTO(buf_done) struct buf text = BUF(100);
	if (size == 0)
		return 0;
	struct str all = {(const char *)data + 1, size - 1};
	size_t cut = (size_t)(data[0] % 128) * 512;
	struct str layers[2] = {str_to(all, cut), str_from(all, cut < all.n ? cut : all.n)};
	for (size_t i = 0; i < 2; i++) {
		digest_of(layers[i].p, layers[i].n, &known[i].digest);
		known[i].size = layers[i].n;
	}
	struct libc_source from = {known, 2, read_layer, layers, NULL};
	if (libc_find(&from, "amd64", &libc, NULL) < 0)
		return 0;
	libc_write(&libc, &text);
	if (!libc_read(buf_str(&text), &again))
		abort(); /* what kiln writes it reads */
	return 0;
}
