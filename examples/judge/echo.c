/*
 * An echo server as a beginner writes it. `ktcp check` says what is wrong with it:
 *
 *     cc -o echo echo.c && ktcp check echo 127.0.0.1:12345 --exec './echo "$PORT"' --level must
 *
 * It sends each answer with one send(2), whatever that returns, and treats messages as strings.
 */
#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

int main(int argc, char **argv)
{
    int one = 1, listener = socket(AF_INET, SOCK_STREAM, 0);
    struct sockaddr_in address = {.sin_family = AF_INET,
                                  .sin_port = htons(argc > 1 ? atoi(argv[1]) : 12345),
                                  .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
    if (bind(listener, (struct sockaddr *) &address, sizeof address) || listen(listener, 128))
        return 1;
    for (;;) {
        int client = accept(listener, NULL, NULL);
        if (fork() == 0) {
            char buffer[1024];
            ssize_t count;
            while ((count = recv(client, buffer, sizeof buffer - 1, 0)) > 0) {
                buffer[count] = 0;
                send(client, buffer, strlen(buffer), 0); /* ends at the first zero byte */
            }
            _exit(0);
        }
        close(client);
    }
}
