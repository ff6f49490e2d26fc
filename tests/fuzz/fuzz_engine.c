/* tests/fuzz/fuzz_engine.c - what an engine says: the same events however it is cut. */
#include "builder/engine_stream.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int note(void *cookie, const struct engine_event *event, struct err **e)
{
	struct buf *out = cookie;
	buf_add_str(out, event->text);
	buf_add_str(out, event->status);
	buf_add_str(out, event->error);
	buf_add_str(out, event->image);
	return event->error.n ? err_set(e, ERR_FAILED, "failed") : 0;
}

static int listen_to(const uint8_t *data, size_t size, size_t step, struct buf *out)
{
	AUTO(engine_stream_done) struct engine_stream s = ENGINE_STREAM(note, out);
	for (size_t at = 0; at < size; at += step) {
		int code =
			engine_stream_add(&s, data + at, size - at < step ? size - at : step, NULL);
		if (code < 0)
			return code;
	}
	return engine_stream_end(&s, NULL);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	AUTO(buf_done) struct buf whole = BUF(BUF_UNLIMITED);
	AUTO(buf_done) struct buf cut = BUF(BUF_UNLIMITED);
	if (size == 0)
		return 0;
	int first = listen_to(data, size, size, &whole);
	int second = listen_to(data, size, 1 + data[size - 1] % 7, &cut);
	if (first != second || !str_eq(buf_str(&whole), buf_str(&cut)))
		abort();
	return 0;
}
