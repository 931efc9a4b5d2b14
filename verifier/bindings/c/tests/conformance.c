/* What the library answers to a stream of vectors, a line each, as verifier/examples/answers.rs describes it. */

#include <medproof.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SETTINGS, BUNDLE, REQUEST, CLAIM, PRESENTATION, PARTS };

typedef struct part {
    uint8_t *bytes;
    size_t len;
    bool of_base;
} part;

static void fail(const char *what) {
    fprintf(stderr, "conformance: %s\n", what);
    exit(2);
}

/* A number, the least byte first. False at the end of the stream. */
static bool read_number(FILE *in, uint64_t *number) {
    uint8_t bytes[8];
    size_t len = fread(bytes, 1, sizeof bytes, in);
    if (len == 0 && feof(in))
        return false;
    if (len != sizeof bytes)
        fail("the stream ends within a number");
    *number = 0;
    for (int i = 7; i >= 0; i--)
        *number = *number << 8 | bytes[i];
    return true;
}

static uint64_t number(FILE *in) {
    uint64_t found;
    if (!read_number(in, &found))
        fail("the stream ends within a vector");
    return found;
}

static uint8_t *room(size_t len) {
    uint8_t *bytes = malloc(len == 0 ? 1 : len);
    if (bytes == NULL)
        fail("no memory");
    return bytes;
}

static uint8_t *read_bytes(FILE *in, size_t len) {
    uint8_t *bytes = room(len);
    if (fread(bytes, 1, len, in) != len)
        fail("the stream ends within a part");
    return bytes;
}

/* False at the end of the stream. */
static bool read_part(FILE *in, const part *base, part *part) {
    uint64_t len;
    if (!read_number(in, &len))
        return false;
    if (len == UINT64_MAX) {
        *part = *base;
        part->of_base = true;
        return true;
    }
    uint8_t *start = read_bytes(in, len);
    size_t repeated_len = number(in);
    uint8_t *repeated = read_bytes(in, repeated_len);
    size_t times = number(in);
    part->len = len + repeated_len * times;
    part->bytes = room(part->len);
    part->of_base = false;
    memcpy(part->bytes, start, len);
    for (size_t i = 0; i < times; i++)
        memcpy(part->bytes + len + i * repeated_len, repeated, repeated_len);
    free(start);
    free(repeated);
    return true;
}

static bool read_parts(FILE *in, const part *base, part *parts, uint64_t *now) {
    for (int i = 0; i < PARTS; i++)
        if (!read_part(in, &base[i], &parts[i])) {
            if (i > 0)
                fail("the stream ends between the parts of a vector");
            return false;
        }
    *now = number(in);
    return true;
}

static void free_part(part *part) {
    if (!part->of_base)
        free(part->bytes);
}

static bool same(const part *one, const part *other) {
    return one->len == other->len && memcmp(one->bytes, other->bytes, one->len) == 0;
}

/* The verifier of the settings and the bundle that came last, or why there is none. */
static medproof_verifier *verifier;
static medproof_answer *refusal;
static part opened_by[2];

static void open_verifier(part *parts) {
    if (opened_by[SETTINGS].bytes != NULL && same(&opened_by[SETTINGS], &parts[SETTINGS]) &&
        same(&opened_by[BUNDLE], &parts[BUNDLE]))
        return;
    medproof_verifier_free(verifier);
    medproof_answer_free(refusal);
    medproof_status status =
        medproof_verifier_open(parts[SETTINGS].bytes, parts[SETTINGS].len, parts[BUNDLE].bytes,
                               parts[BUNDLE].len, &verifier, &refusal);
    if (status != MEDPROOF_STATUS_OK && status != MEDPROOF_STATUS_REFUSED)
        fail(medproof_status_text(status));
    for (int i = SETTINGS; i <= BUNDLE; i++) {
        free(opened_by[i].bytes);
        opened_by[i].len = parts[i].len;
        opened_by[i].bytes = room(parts[i].len);
        memcpy(opened_by[i].bytes, parts[i].bytes, parts[i].len);
    }
}

static void answer(part *parts, uint64_t now) {
    open_verifier(parts);
    if (verifier == NULL) {
        puts(medproof_answer_json(refusal));
        return;
    }
    medproof_answer *answer;
    medproof_status status = medproof_verifier_verify(
        verifier, parts[REQUEST].bytes, parts[REQUEST].len, parts[CLAIM].bytes, parts[CLAIM].len,
        parts[PRESENTATION].bytes, parts[PRESENTATION].len, now, &answer);
    if (status != MEDPROOF_STATUS_OK && status != MEDPROOF_STATUS_REFUSED)
        fail(medproof_status_text(status));
    if ((status == MEDPROOF_STATUS_OK) != (medproof_answer_code(answer) == NULL))
        fail("status and answer disagree");
    puts(medproof_answer_json(answer));
    medproof_answer_free(answer);
}

int main(int argc, char **argv) {
    FILE *in = argc == 2 ? fopen(argv[1], "rb") : NULL;
    if (in == NULL)
        fail("usage: conformance STREAM");
    part base[PARTS] = {0}, parts[PARTS];
    uint64_t now;
    if (!read_parts(in, base, base, &now))
        fail("the stream is empty");
    while (read_parts(in, base, parts, &now)) {
        answer(parts, now);
        for (int i = 0; i < PARTS; i++)
            free_part(&parts[i]);
    }
    medproof_verifier_free(verifier);
    medproof_answer_free(refusal);
    for (int i = 0; i < PARTS; i++)
        free(base[i].bytes);
    for (int i = 0; i < 2; i++)
        free(opened_by[i].bytes);
    fclose(in);
    return fflush(stdout) == 0 ? 0 : 2;
}
