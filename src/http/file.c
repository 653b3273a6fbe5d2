/*
 * The built console, read whole at the start: a request finds its file in a table, so that no path
 * from outside ever reaches the file system.
 */
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <sodium.h>

#include "base/text.h"
#include "http/room.h"

#define DEPTH_MAX 4

#define POLICY                                                                                     \
	"default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "          \
	"font-src 'self'; connect-src 'self'; media-src 'self' blob:; manifest-src 'self'; "       \
	"worker-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"

static const char *type_of(const char *path)
{
	static const struct {
		const char *end, *type;
	} types[] = {
	    {".html", "text/html; charset=utf-8"},
	    {".js", "text/javascript; charset=utf-8"},
	    {".css", "text/css; charset=utf-8"},
	    {".svg", "image/svg+xml"},
	    {".json", "application/json"},
	    {".webmanifest", "application/manifest+json"},
	    {".png", "image/png"},
	    {".ico", "image/x-icon"},
	    {".woff2", "font/woff2"},
	    {".wav", "audio/wav"},
	    {".txt", "text/plain; charset=utf-8"},
	};
	const char *dot = strrchr(path, '.');

	for (size_t i = 0; dot && i < sizeof(types) / sizeof(types[0]); i++)
		if (strcmp(dot, types[i].end) == 0)
			return types[i].type;
	return "application/octet-stream";
}

static int read_bytes(const char *name, void **out, size_t *len)
{
	struct stat st;
	FILE *f = fopen(name, "rbe");
	void *bytes = NULL;
	int err = 0;

	if (!f)
		return errno;
	if (fstat(fileno(f), &st) != 0)
		err = errno;
	else if (!S_ISREG(st.st_mode) || st.st_size > HTTP_FILES_BYTES)
		err = EFBIG;
	if (err)
		goto out;
	bytes = malloc((size_t)st.st_size + 1);
	if (!bytes)
		err = ENOMEM;
	else if (fread(bytes, 1, (size_t)st.st_size, f) != (size_t)st.st_size)
		err = EIO;
	if (err) {
		free(bytes);
		goto out;
	}
	*out = bytes;
	*len = (size_t)st.st_size;
out:
	fclose(f);
	return err;
}

static int add_file(struct http_files *f, const char *name, const char *path)
{
	struct http_file *file = &f->file[f->count];
	unsigned char hash[16];
	char gzip_name[1024 + 4];
	int err;

	if (f->count == HTTP_FILES || strlen(path) >= sizeof(file->path))
		return ENOSPC;
	err = read_bytes(name, &file->bytes, &file->len);
	if (err)
		return err;
	snprintf(gzip_name, sizeof(gzip_name), "%s.gz", name);
	if (read_bytes(gzip_name, &file->gzip, &file->gzip_len) != 0)
		file->gzip = NULL;
	TEXT_COPY(file->path, path);
	file->type = type_of(path);
	file->lasting = text_starts(path, "/assets/");
	crypto_generichash(hash, sizeof(hash), file->bytes, file->len, NULL, 0);
	file->etag[0] = '"';
	sodium_bin2hex(file->etag + 1, sizeof(file->etag) - 1, hash, sizeof(hash));
	text_append(file->etag, sizeof(file->etag), "\"");
	f->count++;
	f->bytes += file->len + file->gzip_len;
	return f->bytes > HTTP_FILES_BYTES ? ENOSPC : 0;
}

static int add_folder(struct http_files *f, const char *dir, const char *path, int depth)
{
	DIR *d = opendir(dir);
	struct dirent *entry;
	int err = d ? 0 : errno;

	while (!err && (entry = readdir(d))) {
		const char *dot = strrchr(entry->d_name, '.');
		char name[1024], sub[sizeof(f->file[0].path)];
		struct stat st;

		if (entry->d_name[0] == '.' || (dot && strcmp(dot, ".gz") == 0))
			continue;
		if (snprintf(name, sizeof(name), "%s/%s", dir, entry->d_name) >=
			(int)sizeof(name) ||
		    snprintf(sub, sizeof(sub), "%s/%s", path, entry->d_name) >= (int)sizeof(sub))
			err = ENAMETOOLONG;
		else if (stat(name, &st) != 0)
			err = errno;
		else if (S_ISDIR(st.st_mode))
			err = depth < DEPTH_MAX ? add_folder(f, name, sub, depth + 1) : ELOOP;
		else
			err = add_file(f, name, sub);
	}
	if (d)
		closedir(d);
	return err;
}

int http_files_read(struct http_files *f, const char *dir)
{
	return add_folder(f, dir, "", 0);
}

void http_files_clear(struct http_files *f)
{
	for (unsigned i = 0; i < f->count; i++) {
		free(f->file[i].bytes);
		free(f->file[i].gzip);
	}
	memset(f, 0, sizeof(*f));
}

static const struct http_file *find(const struct http_files *f, const char *path)
{
	for (unsigned i = 0; i < f->count; i++)
		if (strcmp(f->file[i].path, path) == 0)
			return &f->file[i];
	return NULL;
}

/* A path without a dot is a page that the console itself draws. */
static const struct http_file *find_or_page(const struct http_files *f, const char *path)
{
	const struct http_file *file = find(f, path);

	if (!file && !strchr(path, '.'))
		file = find(f, "/index.html");
	return file;
}

bool http_files_queue(const struct http_files *f, struct http_call *c, enum MHD_Result *result)
{
	const struct http_file *file = find_or_page(f, c->uri.path);
	const char *seen = http_request_header(c, "If-None-Match");
	const char *accepts = http_request_header(c, "Accept-Encoding");
	bool gzip = file && file->gzip && accepts && strstr(accepts, "gzip");
	bool same = file && seen && strstr(seen, file->etag);
	struct MHD_Response *r;

	if (!file)
		return false;
	if (same)
		r = MHD_create_response_from_buffer(0, NULL, MHD_RESPMEM_PERSISTENT);
	else
		r = MHD_create_response_from_buffer(gzip ? file->gzip_len : file->len,
						    gzip ? file->gzip : file->bytes,
						    MHD_RESPMEM_PERSISTENT);
	if (!r) {
		*result = MHD_NO;
		return true;
	}
	http_request_dress(c, r);
	MHD_add_response_header(r, "ETag", file->etag);
	MHD_add_response_header(r, "Vary", "Accept-Encoding");
	MHD_add_response_header(r, "Cache-Control",
				file->lasting ? "public, max-age=31536000, immutable" : "no-cache");
	if (!same) {
		MHD_add_response_header(r, "Content-Type", file->type);
		MHD_add_response_header(r, "Content-Security-Policy", POLICY);
		MHD_add_response_header(r, "Permissions-Policy",
					"microphone=(self), camera=(), geolocation=()");
		if (gzip)
			MHD_add_response_header(r, "Content-Encoding", "gzip");
	}
	*result = MHD_queue_response(c->con, same ? MHD_HTTP_NOT_MODIFIED : MHD_HTTP_OK, r);
	MHD_destroy_response(r);
	return true;
}
