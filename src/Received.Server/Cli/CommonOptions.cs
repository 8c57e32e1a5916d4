using System.CommandLine;

namespace Received.Server.Cli;

/// <summary>Options that several commands share: made anew for each, since a command owns its options.</summary>
static class CommonOptions
{
    public static Option<string?> Data() => new("--data")
    {
        Description = "The data folder. Default: the setting Received__Data, or ./received-data.",
        HelpName = "DIR",
    };

    public static Option<string?> Account() => new("--account")
    {
        Description = "The account's name.",
        HelpName = "NAME",
    };
}
