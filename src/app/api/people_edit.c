/* The directory changed by hand: entries, readings, absences. */
#include <string.h>

#include "app/api/body.h"
#include "base/text.h"

static void edit(struct http_call *c, struct api *a, enum api_file file, unsigned status)
{
	struct api_edit e = {.file = file, .cells = http_call_body(c), .remove = status == 204};
	struct api_query q;
	json_t *out = NULL;
	int err;

	api_query_begin(c, &q);
	if (status != 201 && !api_take_id(c, &q))
		return;
	if (e.remove) {
		e.cells = NULL;
	} else if (!json_is_object(e.cells) || json_object_size(e.cells) == 0) {
		http_call_refuse(c, 400, "bad_json", NULL);
		return;
	}
	err = API_KEEP(a, edit, &q, &e, &out);
	if (!err && e.remove) {
		json_decref(out);
		out = NULL;
	}
	api_keep_give(c, err, status, out);
}

void api_person_add(struct http_call *c, void *arg)
{
	edit(c, arg, API_PEOPLE, 201);
}

void api_person_put(struct http_call *c, void *arg)
{
	edit(c, arg, API_PEOPLE, 200);
}

void api_person_drop(struct http_call *c, void *arg)
{
	edit(c, arg, API_PEOPLE, 204);
}

void api_department_add(struct http_call *c, void *arg)
{
	edit(c, arg, API_DEPARTMENTS, 201);
}

void api_department_put(struct http_call *c, void *arg)
{
	edit(c, arg, API_DEPARTMENTS, 200);
}

void api_department_drop(struct http_call *c, void *arg)
{
	edit(c, arg, API_DEPARTMENTS, 204);
}

void api_extension_add(struct http_call *c, void *arg)
{
	edit(c, arg, API_EXTENSIONS, 201);
}

void api_extension_put(struct http_call *c, void *arg)
{
	edit(c, arg, API_EXTENSIONS, 200);
}

void api_extension_drop(struct http_call *c, void *arg)
{
	edit(c, arg, API_EXTENSIONS, 204);
}

bool api_readings_take(struct http_call *c, struct api_readings *r)
{
	const json_t *list = json_object_get(http_call_body(c), "readings");
	json_t *one;
	size_t i;

	json_array_foreach((json_t *)list, i, one) {
		const char *text = json_string_value(one);

		if (!text || i >= API_READINGS || strlen(text) >= API_READING_BYTES) {
			http_call_refuse_field(c, 400, "bad_reading", "readings");
			return false;
		}
		r->v[r->count++] = text;
	}
	if (!json_is_array(list))
		http_call_refuse_field(c, 400, "required", "readings");
	return json_is_array(list);
}

static void reading(struct http_call *c, struct api *a, enum api_file file)
{
	struct api_readings r = {.file = file};
	struct api_query q;
	json_t *out = NULL;
	int err;

	if (!api_take_id(c, &q) || !api_readings_take(c, &r))
		return;
	err = API_KEEP(a, readings, &q, &r, &out);
	api_keep_give(c, err, err ? 0 : 204, out);
}

void api_reading_put(struct http_call *c, void *arg)
{
	reading(c, arg, API_PEOPLE);
}

void api_department_reading_put(struct http_call *c, void *arg)
{
	reading(c, arg, API_DEPARTMENTS);
}

static const struct api_field absence_fields[] = {
    {"until_ms", FIELD_NO, false, API_FIELD(api_absence, until_ms), NULL},
    {"word", FIELD_TEXT, false, API_FIELD(api_absence, word), NULL},
};

static void absence(struct http_call *c, struct api *a, bool on)
{
	struct api_absence b = {.on = on};
	struct api_query q;
	json_t *out = NULL;
	int err;

	if (!api_take_id(c, &q))
		return;
	if (on && !api_body_take(c, absence_fields,
				 sizeof(absence_fields) / sizeof(absence_fields[0]), &b))
		return;
	err = API_KEEP(a, absence, &q, &b, &out);
	api_keep_give(c, err, err ? 0 : 204, out);
}

void api_absence_put(struct http_call *c, void *arg)
{
	absence(c, arg, true);
}

void api_absence_drop(struct http_call *c, void *arg)
{
	absence(c, arg, false);
}
