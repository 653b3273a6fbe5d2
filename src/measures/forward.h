/*
 * Whether a forward may be set: the same answer for a feature code and for the own page. Pure.
 */
#ifndef MEASURES_FORWARD_H
#define MEASURES_FORWARD_H

#include "measures/directory.h"
#include "measures/measures.h"

enum forward_fault {
	FORWARD_FINE,
	FORWARD_BAD_NUMBER, /* no digits, or too many */
	FORWARD_SELF,	    /* to the extension itself */
	FORWARD_NOBODY,	    /* neither inside nor with the outside prefix */
	FORWARD_EMERGENCY,
	FORWARD_CLASS, /* outside, and beyond the extension's class of service */
	FORWARD_FAULTS
};

/* May extension `e` (NULL: none, then only inside) forward to `number` as it is dialled inside? */
enum forward_fault measures_forward(const struct measures *m, const struct directory *d,
				    const struct directory_extension *e, const char *number);

/* `dialled` without the outside prefix; NULL when it has none, or nothing after it. */
const char *measures_outside_digits(const struct measures *m, const char *dialled);

/*
 * The way that a call would go round for ever: from `e` by a forward to `number`, then by the
 * forwards that hold always. `always` tells an extension's, "" none. Returns how many extensions
 * stand in way[] (`e` first and last), 0 when there is no loop. FORWARD_WAY at the most are looked
 * at: the exchange follows fewer.
 */
#define FORWARD_WAY 10
typedef const char *(forward_always_of)(const struct directory_extension *e, void *arg);
unsigned measures_forward_loop(const struct directory *d, const struct directory_extension *e,
			       const char *number, forward_always_of *always, void *arg,
			       const struct directory_extension *way[FORWARD_WAY]);

#endif
