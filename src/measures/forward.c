#include "measures/forward.h"

#include <string.h>

#include "base/text.h"

#define FORWARD_DIGITS 31 /* what an event carries */

const char *measures_outside_digits(const struct measures *m, const char *dialled)
{
	size_t n = strlen(m->outside_prefix);

	if (!n || strncmp(dialled, m->outside_prefix, n) != 0 || !dialled[n])
		return NULL;
	return dialled + n;
}

enum forward_fault measures_forward(const struct measures *m, const struct directory *d,
				    const struct directory_extension *e, const char *number)
{
	const char *outside = measures_outside_digits(m, number);
	enum service_class need;

	if (!text_is_dialable(number, FORWARD_DIGITS))
		return FORWARD_BAD_NUMBER;
	if (e && text_eq(number, e->number))
		return FORWARD_SELF;
	if (measures_emergency(m, number))
		return FORWARD_EMERGENCY;
	if (directory_number(d, number).kind != TARGET_NONE || text_eq(number, m->main_number))
		return FORWARD_FINE;
	if (!outside || !e)
		return FORWARD_NOBODY;
	need = measures_class_needed(m, outside);
	return need < CLASS_COUNT && need <= e->service_class ? FORWARD_FINE : FORWARD_CLASS;
}

unsigned measures_forward_loop(const struct directory *d, const struct directory_extension *e,
			       const char *number, forward_always_of *always, void *arg,
			       const struct directory_extension *way[FORWARD_WAY])
{
	unsigned n = 0;

	way[n++] = e;
	while (number[0] && n < FORWARD_WAY) {
		const struct target to = directory_number(d, number);
		const struct directory_extension *next =
		    to.kind == TARGET_EXTENSION ? directory_extension(d, to.id) : NULL;

		if (!next)
			return 0;
		way[n++] = next;
		if (next->id == e->id)
			return n;
		number = always(next, arg);
	}
	return 0;
}
