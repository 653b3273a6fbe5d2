/* A folder of a test's own, and files in it. */
#ifndef TEST_FOLDER_H
#define TEST_FOLDER_H

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static char folder[64];

static inline int folder_make(void **state)
{
	(void)state;
	strcpy(folder, "/tmp/zongji-speech-XXXXXX");
	return mkdtemp(folder) ? 0 : -1;
}

static inline int folder_remove(void **state)
{
	char command[96];

	(void)state;
	snprintf(command, sizeof(command), "rm -rf '%s'", folder);
	return system(command);
}

static inline const char *folder_path(const char *name)
{
	static char path[4][256];
	static unsigned next;
	char *p = path[next++ % 4];

	snprintf(p, sizeof(path[0]), "%s/%s", folder, name);
	return p;
}

static inline void folder_write(const char *name, const void *data, size_t n)
{
	FILE *f = fopen(folder_path(name), "wb");

	assert_non_null(f);
	assert_int_equal(fwrite(data, 1, n, f), n);
	assert_int_equal(fclose(f), 0);
}

static inline void folder_text(const char *name, const char *text)
{
	folder_write(name, text, strlen(text));
}

#endif
