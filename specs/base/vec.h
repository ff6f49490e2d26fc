/* specs/base/vec.h - a growing array of any type: struct { T *v; size_t n, room; }. */
#ifndef KILN_BASE_VEC_H
#define KILN_BASE_VEC_H
#include "specs/base/buf.h"

#define VEC(type)                                                                                  \
	struct {                                                                                   \
		type *v;                                                                           \
		size_t n, room;                                                                    \
	}

/* The address of one more element, not set. */
#define VEC_ADD(vec)                                                                               \
	((vec)->n == (vec)->room ? ((vec)->room = (vec)->room ? (vec)->room * 2 : 8,               \
				    (vec)->v = mem_grow((vec)->v, (vec)->room, sizeof(*(vec)->v))) \
				 : (vec)->v,                                                       \
	 &(vec)->v[(vec)->n++])

#define VEC_PUSH(vec, value) (*VEC_ADD(vec) = (value))
#define VEC_DONE(vec) (free((vec)->v), (vec)->v = NULL, (vec)->n = (vec)->room = 0)
#endif
