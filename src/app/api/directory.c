/* The directory whole, its entries, its history, files in and out; the cards. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "app/api/body.h"
#include "base/text.h"

static const char *const files[API_FILES] = {"people", "departments", "extensions"};

void api_directory(struct http_call *c, void *arg)
{
	struct api *a = arg;
	const char *accepts = http_call_header(c, "Accept-Encoding");
	struct api_directory d = {.seen = http_call_header(c, "If-None-Match"),
				  .gzip = accepts && strstr(accepts, "gzip")};
	struct api_query q;
	int err;

	api_query_begin(c, &q);
	err = API_KEEP(a, directory, &q, &d);
	if (err) {
		api_keep_give(c, err, 0, NULL);
		return;
	}
	http_call_answer_header(c, "ETag", d.etag);
	http_call_answer_header(c, "Vary", "Accept-Encoding, Accept-Language, Cookie");
	if (!d.bytes) {
		http_call_give(c, 304, NULL);
		return;
	}
	if (d.gzip)
		http_call_answer_header(c, "Content-Encoding", "gzip");
	http_call_give_bytes(c, "application/json", d.bytes, d.len);
}

static void entry(struct http_call *c, struct api *a, enum api_file file)
{
	struct api_query q;
	json_t *out = NULL;
	int err;

	if (!api_take_id(c, &q))
		return;
	err = API_KEEP(a, entry, &q, file, &out);
	api_keep_give(c, err, 200, out);
}

void api_entry_person(struct http_call *c, void *arg)
{
	entry(c, arg, API_PEOPLE);
}

void api_entry_department(struct http_call *c, void *arg)
{
	entry(c, arg, API_DEPARTMENTS);
}

void api_entry_extension(struct http_call *c, void *arg)
{
	entry(c, arg, API_EXTENSIONS);
}

void api_extensions(struct http_call *c, void *arg)
{
	struct api *a = arg;
	struct api_query q;
	json_t *out = NULL;
	int err;

	if (!api_query_list(c, &q))
		return;
	err = API_KEEP(a, extensions, &q, &out);
	api_keep_give(c, err, 200, out);
}

void api_history(struct http_call *c, void *arg)
{
	struct api *a = arg;
	const char *what = http_call_query(c, "what");
	struct api_query q;
	json_t *out = NULL;
	int err;

	if (!api_query_list(c, &q))
		return;
	if (http_call_query_number(c, "item", 1, UINT32_MAX, &q.id) == EINVAL) {
		http_call_refuse_field(c, 400, "bad_value", "item");
		return;
	}
	if (what && TEXT_COPY(q.text, what)) {
		http_call_refuse_field(c, 400, "bad_value", "what");
		return;
	}
	err = API_KEEP(a, history, &q, &out);
	api_keep_give(c, err, 200, out);
}

/* --- files --- */

static bool import_member(struct http_call *c, struct api_import *in, const char *name,
			  const json_t *v)
{
	for (unsigned f = 0; f < API_FILES; f++) {
		if (strcmp(files[f], name) != 0)
			continue;
		if (json_is_null(v))
			return true;
		in->text[f] = json_string_value(v);
		if (in->text[f] && strlen(in->text[f]) == json_string_length(v))
			return true;
		http_call_refuse_field(c, 400, "bad_value", name);
		return false;
	}
	if (json_is_boolean(v) && strcmp(name, "apply") == 0)
		in->apply = json_is_true(v);
	else if (json_is_boolean(v) && strcmp(name, "leavers") == 0)
		in->leavers = json_is_true(v);
	else {
		http_call_refuse_field(c, 400, "bad_value", name);
		return false;
	}
	return true;
}

void api_import(struct http_call *c, void *arg)
{
	struct api *a = arg;
	json_t *body = (json_t *)http_call_body(c), *v, *out = NULL;
	struct api_import in = {0};
	struct api_query q;
	const char *name;
	int err;

	if (!json_is_object(body)) {
		http_call_refuse(c, 400, "bad_json", NULL);
		return;
	}
	json_object_foreach(body, name, v)
		if (!import_member(c, &in, name, v))
			return;
	if (!in.text[API_PEOPLE] && !in.text[API_DEPARTMENTS] && !in.text[API_EXTENSIONS]) {
		http_call_refuse_field(c, 400, "required", "people");
		return;
	}
	api_query_begin(c, &q);
	err = API_KEEP(a, import, &q, &in, &out);
	api_keep_give(c, err, 200, out);
}

void api_export(struct http_call *c, void *arg)
{
	struct api *a = arg;
	const char *file = http_call_query(c, "file");
	struct api_query q;
	char *text = NULL;
	size_t len = 0;
	int err = EINVAL;

	api_query_begin(c, &q);
	for (unsigned f = 0; file && f < API_FILES; f++)
		if (strcmp(files[f], file) == 0)
			err = API_KEEP(a, export, &q, f, &text, &len);
	if (!err) {
		http_call_answer_header(c, "Content-Disposition", "attachment");
		http_call_give_bytes(c, "text/csv; charset=utf-8", text, len);
	} else {
		api_keep_give(c, err, 0,
			      err == EINVAL ? json_pack("{s:s,s:s}", "field", "file", "expected",
							"people departments extensions")
					    : NULL);
	}
}

void api_cards(struct http_call *c, void *arg)
{
	struct api *a = arg;
	struct api_query q;
	json_t *out = NULL;
	int err;

	api_query_begin(c, &q);
	err = API_KEEP(a, cards, &q, &out);
	api_keep_give(c, err, 200, out);
}
