/* SPDX-License-Identifier: Apache-2.0 */
/*
 * near.c - which known name somebody meant who typed an unknown one.
 */
#include "cmd/cmd.h"

/* Longer words than any name of the table are no slips. */
#define WORD_MAX 32
#define DISTANCE_MAX 2

static unsigned distance(const char *a, size_t a_len, const char *b, size_t b_len);

void near_consider(struct near_miss *near, const char *name)
{
	size_t word_len = strlen(near->word), name_len = strlen(name);

	if (word_len < 2 || word_len > WORD_MAX || name_len > WORD_MAX)
		return;
	unsigned d = distance(near->word, word_len, name, name_len);
	/* Of a short word hardly anything is left after two changes. */
	if (d > DISTANCE_MAX || d * 2 >= word_len || (near->name && d >= near->distance))
		return;
	near->name = name;
	near->distance = d;
}

/* Levenshtein's: letters added, left out or replaced, one row of the matrix at a time. */
static unsigned distance(const char *a, size_t a_len, const char *b, size_t b_len)
{
	unsigned row[WORD_MAX + 1];

	for (size_t j = 0; j <= b_len; j++)
		row[j] = (unsigned)j;
	for (size_t i = 1; i <= a_len; i++) {
		unsigned diagonal = row[0];
		row[0] = (unsigned)i;
		for (size_t j = 1; j <= b_len; j++) {
			unsigned best = diagonal + (a[i - 1] != b[j - 1]);
			if (row[j] + 1 < best)
				best = row[j] + 1;
			if (row[j - 1] + 1 < best)
				best = row[j - 1] + 1;
			diagonal = row[j];
			row[j] = best;
		}
	}
	return row[b_len];
}
