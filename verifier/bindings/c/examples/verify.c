/* Checks a presentation, and says what it shows or why it was refused.
 *
 * Install the library, then: cc verify.c $(pkg-config --cflags --libs medproof) -o verify */

#include <medproof.h>

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

static const char *const USAGE = "usage: verify SETTINGS BUNDLE REQUEST CLAIM PRESENTATION [SECONDS SINCE 1970]\n";

enum { SETTINGS, BUNDLE, REQUEST, CLAIM, PRESENTATION, FILES };

typedef struct file {
    uint8_t *bytes;
    size_t len;
} file;

static bool read_file(const char *path, file *file) {
    FILE *in = fopen(path, "rb");
    if (in == NULL) {
        perror(path);
        return false;
    }
    size_t room = 0;
    do {
        room += 1 << 16;
        uint8_t *larger = (uint8_t *)realloc(file->bytes, room);
        if (larger == NULL)
            break;
        file->bytes = larger;
        file->len += fread(file->bytes + file->len, 1, room - file->len, in);
    } while (file->len == room);
    bool whole = feof(in) && !ferror(in);
    if (!whole)
        fprintf(stderr, "%s: cannot be read\n", path);
    fclose(in);
    return whole;
}

static void print_shown(const medproof_answer *answer) {
    printf("verified: %s\n", medproof_answer_title(answer));
    printf("  issuer:    %s\n", medproof_answer_issuer(answer));
    printf("  nullifier: %s\n", medproof_answer_nullifier(answer));
    printf("  scope:     %s\n", medproof_answer_scope(answer));
    printf("Keep nullifier and scope: who shows the same pair again has answered before.\n");
    if (medproof_answer_development(answer))
        printf("This is evidence of nothing: anybody can forge proofs under a development key.\n");
}

/* 0: verified; 1: refused; 2: could not be asked. */
static int end(medproof_status status, const medproof_answer *answer) {
    switch (status) {
    case MEDPROOF_STATUS_OK:
        print_shown(answer);
        return 0;
    case MEDPROOF_STATUS_REFUSED:
        printf("refused: %s\n  %s\n", medproof_answer_code(answer), medproof_answer_message(answer));
        return 1;
    default:
        fprintf(stderr, "verify: %s\n", medproof_status_text(status));
        return 2;
    }
}

static int verify(const file *files, uint64_t now) {
    medproof_verifier *verifier;
    medproof_answer *answer;
    medproof_status status =
        medproof_verifier_open(files[SETTINGS].bytes, files[SETTINGS].len, files[BUNDLE].bytes,
                               files[BUNDLE].len, &verifier, &answer);
    if (status == MEDPROOF_STATUS_OK)
        status = medproof_verifier_verify(verifier, files[REQUEST].bytes, files[REQUEST].len,
                                          files[CLAIM].bytes, files[CLAIM].len,
                                          files[PRESENTATION].bytes, files[PRESENTATION].len, now, &answer);
    int code = end(status, answer);
    medproof_answer_free(answer);
    medproof_verifier_free(verifier);
    return code;
}

int main(int argc, char **argv) {
    if (argc != 1 + FILES && argc != 2 + FILES) {
        fputs(USAGE, stderr);
        return 2;
    }
    file files[FILES] = {{NULL, 0}, {NULL, 0}, {NULL, 0}, {NULL, 0}, {NULL, 0}};
    bool whole = true;
    for (int i = 0; i < FILES && whole; i++)
        whole = read_file(argv[1 + i], &files[i]);
    uint64_t now = argc > 1 + FILES ? strtoumax(argv[1 + FILES], NULL, 10) : (uint64_t)time(NULL);
    int code = whole ? verify(files, now) : 2;
    for (int i = 0; i < FILES; i++)
        free(files[i].bytes);
    return code;
}
