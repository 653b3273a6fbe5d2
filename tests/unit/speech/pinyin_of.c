/* Reads lines "P name" (a person) or "W words" and prints "line<TAB>numbered". For the house test
 * that compares our pinyin with another library's. */
#include <stdio.h>
#include <string.h>

#include "speech/pinyin.h"

int main(void)
{
	char line[1024];

	while (fgets(line, sizeof(line), stdin)) {
		struct pinyin p = {0};

		line[strcspn(line, "\n")] = '\0';
		if (strlen(line) < 3 ||
		    speech_pinyin(line + 2, line[0] == 'P' ? PINYIN_PERSON : PINYIN_WORDS, &p))
			return 1;
		printf("%s\t%s\n", line, p.numbered);
	}
	return 0;
}
