/* Reads a JSON body into a plain value by a table: unknown members, missing ones and wrong values
 * are refused with the member's name and what was expected. Private to the API. */
#ifndef APP_API_BODY_H
#define APP_API_BODY_H

#include <errno.h>

#include "app/api/internal.h"
#include "app/api/keep.h"

enum api_field_type {
	FIELD_TEXT,  /* char[size], one line */
	FIELD_LINES, /* char[size], may have line ends */
	FIELD_PHONE, /* char[size], digits * # + */
	FIELD_ID,    /* uint32_t, 1 up */
	FIELD_NO,    /* int64_t, 0 to 2^53 */
	FIELD_BOOL,
	FIELD_WORD,  /* uint8_t: place in words */
	FIELD_WORDS, /* list of words: char[size] with spaces between */
};

struct api_field {
	const char *name;
	enum api_field_type type;
	bool required;
	size_t offset, size;
	const char *words; /* separated by spaces */
};
#define API_FIELD(type, member) offsetof(struct type, member), sizeof(((struct type *)0)->member)

/* Asks the source; one that has no such function can't be asked at the moment. */
#define API_KEEP(a, function, ...)                                                                 \
	((a)->source.keep.function ? (a)->source.keep.function((a)->source.arg, __VA_ARGS__)       \
				   : EAGAIN)

#define API_MY(a, function, ...)                                                                   \
	((a)->source.my.function ? (a)->source.my.function((a)->source.arg, __VA_ARGS__) : EAGAIN)

/* False when it is refused, and the refusal is given. */
bool api_body_take(struct http_call *c, const struct api_field *fields, size_t count, void *out);

/* The body's "readings", borrowed from it; false: refused. */
bool api_readings_take(struct http_call *c, struct api_readings *r);

/* The parameter {id}; false: a 404 is given. */
bool api_take_id(struct http_call *c, struct api_query *q);

/* What a function of api_keep_source said. */
void api_keep_give(struct http_call *c, int err, unsigned status, json_t *out);

/* Idempotency-Key into dst; false when it is refused. */
bool api_take_request(struct http_call *c, char *dst, size_t cap);

http_function api_directory, api_extensions, api_entry_person, api_entry_department,
    api_entry_extension, api_person_add, api_person_put, api_person_drop, api_department_add,
    api_department_put, api_department_drop, api_extension_add, api_extension_put,
    api_extension_drop, api_import, api_export, api_history, api_reading_put,
    api_department_reading_put, api_absence_put, api_absence_drop, api_slip_add, api_told_add,
    api_told_list, api_instructions, api_instruct, api_instruction_drop, api_operators,
    api_standin_ask, api_standin_decide, api_cards, api_delivery, api_delivery_again,
    api_receipt_add, api_delivery_figures, api_link_show, api_link_act, api_link_sound;

#endif
