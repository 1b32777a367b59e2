process.stdout.write("subforge\n");
