// Runs FerretDB, which speaks MongoDB's wire protocol, on an address and a data folder:
// ferretdb ADDRESS FOLDER. It prints "listening" when it can be asked.
package main

import (
	"context"
	"fmt"
	"net"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/FerretDB/FerretDB/ferretdb"
)

func main() {
	if len(os.Args) != 3 {
		fail("usage: ferretdb ADDRESS FOLDER")
	}
	address, folder := os.Args[1], os.Args[2]
	server, err := ferretdb.New(&ferretdb.Config{
		Listener:  ferretdb.ListenerConfig{TCP: address},
		Handler:   "sqlite",
		SQLiteURL: "file:" + folder + "/",
	})
	if err != nil {
		fail(err)
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	go func() {
		for ctx.Err() == nil {
			connection, err := net.Dial("tcp", address)
			if err == nil {
				connection.Close()
				fmt.Println("listening")
				return
			}
			time.Sleep(20 * time.Millisecond)
		}
	}()
	if err := server.Run(ctx); err != nil {
		fail(err)
	}
}

func fail(reason any) {
	fmt.Fprintln(os.Stderr, reason)
	os.Exit(1)
}
