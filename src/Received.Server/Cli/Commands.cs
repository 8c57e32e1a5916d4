using System.CommandLine;
using Received.Server.Demo;

namespace Received.Server.Cli;

/// <summary>The program's command line.</summary>
static class Commands
{
    public static RootCommand Make(Output output) => new("Received turns usage into cash.")
    {
        Subcommands =
        {
            ServeCommand.Make(output),
            DemoCommand.Make(output),
            AccountCommands.Make(output),
            KeyCommands.Make(output),
            TotalsCommand.Make(output),
            AuditCommand.Make(output),
            RerateCommand.Make(output),
            VerifyCommand.Make(output),
            BooksCommand.Make(output),
            HealthCommand.Make(output),
        },
    };
}
