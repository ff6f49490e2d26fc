/* specs/moment.c - a moment as a user writes it. */
#include "specs/moment.h"
#include <time.h>

enum { DAY_MS = 24 * 3600 * 1000, MINUTE_MS = 60 * 1000 };

/* Exactly n digits; they are cut off. */
static bool take_digits(struct str *s, size_t n, int *out)
{
	*out = 0;
	for (size_t i = 0; i < n; i++) {
		if (i >= s->n || s->p[i] < '0' || s->p[i] > '9')
			return false;
		*out = *out * 10 + (s->p[i] - '0');
	}
	*s = str_from(*s, n);
	return true;
}

static bool take(struct str *s, char c)
{
	if (!s->n || (s->p[0] | 32) != (c | 32))
		return false;
	*s = str_from(*s, 1);
	return true;
}

static bool take_day(struct str *s, struct tm *t)
{
	int year, month;
	if (!take_digits(s, 4, &year) || !take(s, '-') || !take_digits(s, 2, &month) ||
	    !take(s, '-') || !take_digits(s, 2, &t->tm_mday))
		return false;
	t->tm_year = year - 1900;
	t->tm_mon = month - 1;
	return true;
}

static bool take_time(struct str *s, struct tm *t, int *ms)
{
	int digit, unit = 100;
	if (!take_digits(s, 2, &t->tm_hour) || !take(s, ':') || !take_digits(s, 2, &t->tm_min) ||
	    !take(s, ':') || !take_digits(s, 2, &t->tm_sec))
		return false;
	*ms = 0;
	if (!take(s, '.'))
		return true;
	if (!take_digits(s, 1, &digit))
		return false;
	do {
		*ms += digit * unit;
		unit /= 10;
	} while (take_digits(s, 1, &digit));
	return true;
}

static bool take_offset(struct str *s, int64_t *out_ms)
{
	int hours, minutes;
	*out_ms = 0;
	if (take(s, 'Z'))
		return true;
	if (!s->n || (s->p[0] != '+' && s->p[0] != '-'))
		return false;
	int sign = s->p[0] == '-' ? -1 : 1;
	*s = str_from(*s, 1);
	if (!take_digits(s, 2, &hours) || !take(s, ':') || !take_digits(s, 2, &minutes) ||
	    hours > 23 || minutes > 59)
		return false;
	*out_ms = (int64_t)sign * (hours * 60 + minutes) * MINUTE_MS;
	return true;
}

/* timegm carries the 31st of a short month over to the next. */
static bool seconds_of(const struct tm *t, int64_t *out)
{
	struct tm same = *t;
	*out = timegm(&same);
	return same.tm_mday == t->tm_mday && same.tm_mon == t->tm_mon && t->tm_hour < 24 &&
	       t->tm_min < 60 && t->tm_sec < 60;
}

bool moment_parse(struct str text, uint64_t *out_ms)
{
	struct tm t = {0};
	int64_t offset_ms = 0, s, value;
	int ms = 0;
	if (!take_day(&text, &t))
		return false;
	bool day = text.n == 0;
	if (!day && ((!take(&text, 'T') && !take(&text, ' ')) || !take_time(&text, &t, &ms) ||
		     !take_offset(&text, &offset_ms) || text.n))
		return false;
	if (t.tm_sec == 60) /* a leap second */
		t.tm_sec = 59;
	if (!seconds_of(&t, &s))
		return false;
	value = s * 1000 + (day ? DAY_MS - 1 : ms - offset_ms);
	if (value <= 0)
		return false;
	*out_ms = (uint64_t)value;
	return true;
}

bool moment_write_seconds(uint64_t s, struct buf *out)
{
	const uint64_t year_9999 = 253402300799u;
	time_t at = (time_t)s;
	struct tm t;
	if (s > year_9999 || !gmtime_r(&at, &t))
		return false;
	buf_printf(out, "%04d-%02d-%02dT%02d:%02d:%02dZ", t.tm_year + 1900, t.tm_mon + 1, t.tm_mday,
		   t.tm_hour, t.tm_min, t.tm_sec);
	return true;
}

void moment_write(uint64_t ms, struct buf *out)
{
	time_t s = (time_t)(ms / 1000);
	struct tm t;
	if (gmtime_r(&s, &t))
		buf_printf(out, "%04d-%02d-%02dT%02d:%02d:%02d.%03uZ", t.tm_year + 1900,
			   t.tm_mon + 1, t.tm_mday, t.tm_hour, t.tm_min, t.tm_sec,
			   (unsigned)(ms % 1000));
}
