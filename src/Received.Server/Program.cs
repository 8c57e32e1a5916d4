using System.CommandLine;
using Received.Server.Cli;
using Received.Server.Demo;

var output = Output.ForProcess();
var root = new RootCommand("Received turns usage into cash.");
root.Subcommands.Add(ServeCommand.Make(output));
root.Subcommands.Add(DemoCommand.Make(output));
root.Subcommands.Add(AccountCommands.Make(output));
root.Subcommands.Add(KeyCommands.Make(output));
root.Subcommands.Add(TotalsCommand.Make(output));
root.Subcommands.Add(AuditCommand.Make(output));
root.Subcommands.Add(RerateCommand.Make(output));

var parse = root.Parse(args);
// The server's host handles signals itself and takes the time that Received__StopTimeout gives it.
var isServer = parse.CommandResult.Command.Name == ServeCommand.Name;
var invocation = new InvocationConfiguration { ProcessTerminationTimeout = isServer ? null : TimeSpan.FromSeconds(10) };
var code = await parse.InvokeAsync(invocation);
return parse.Errors.Count > 0 ? ExitCode.Usage : code;
