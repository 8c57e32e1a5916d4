using System.CommandLine;
using Received.Server.Cli;

var parse = Commands.Make(Output.ForProcess()).Parse(args);
// The server's host handles signals itself and takes the time that Received__StopTimeout gives it.
var isServer = parse.CommandResult.Command.Name == ServeCommand.Name;
var invocation = new InvocationConfiguration { ProcessTerminationTimeout = isServer ? null : TimeSpan.FromSeconds(10) };
var code = await parse.InvokeAsync(invocation);
return parse.Errors.Count > 0 ? ExitCode.Usage : code;
