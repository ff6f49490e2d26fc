/* cache/msgpack_check.h - whether bytes are one whole MessagePack value.
 *
 * libmsgpack makes room for all the elements that a head announces before it has seen one of
 * them; five bytes can ask for a hundred gigabytes. Asked before, this keeps what it needs within
 * a small multiple of the bytes. */
#ifndef KILN_CACHE_MSGPACK_CHECK_H
#define KILN_CACHE_MSGPACK_CHECK_H
#include "specs/base/buf.h"

/* Whether s is one value, all of it there and nothing behind it. */
bool msgpack_is_whole(struct str s);
#endif
