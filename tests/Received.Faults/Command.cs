using System.Diagnostics;
using Xunit;

namespace Received.Faults;

/// <summary>What a command left: its exit code and both outputs.</summary>
sealed record CommandResult(int Code, string Output, string Errors)
{
    public string Succeeded()
    {
        Assert.True(Code == 0, ToString());
        return Output;
    }

    /// <summary>The message: for people, so without a stack trace.</summary>
    public string Refused()
    {
        Assert.True(Code == 1, ToString());
        Assert.DoesNotContain("   at ", Errors);
        return Errors;
    }
}

/// <summary>Runs the program with arguments, as a shell would.</summary>
static class Command
{
    // A private server and a re-rating on a busy machine stay well below.
    static readonly TimeSpan Limit = TimeSpan.FromMinutes(1);

    public static Task<CommandResult> RunAsync(World world, params string[] arguments) =>
        RunInAsync(world.Data, null, arguments);

    /// <param name="settings">Environment variables.</param>
    public static async Task<CommandResult> RunInAsync(
        string data, Dictionary<string, string>? settings, params string[] arguments)
    {
        using var process = Start(data, settings, arguments);
        return await ReadAsync(process);
    }

    public static Process Start(string data, Dictionary<string, string>? settings, params string[] arguments)
    {
        // In the temporary folder there is no appsettings.json that could change what a test says.
        var start = new ProcessStartInfo(World.Program, arguments)
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            WorkingDirectory = Path.GetTempPath(),
        };
        start.Environment["Received__Data"] = data;
        foreach (var (name, value) in settings ?? []) start.Environment[name] = value;
        return Process.Start(start)!;
    }

    /// <summary>Both outputs to their ends, which is the process's end.</summary>
    /// <param name="limit">Where a minute is too short for what the command does.</param>
    public static async Task<CommandResult> ReadAsync(Process process, TimeSpan? limit = null)
    {
        var output = process.StandardOutput.ReadToEndAsync();
        var errors = process.StandardError.ReadToEndAsync();
        try
        {
            await process.WaitForExitAsync().WaitAsync(limit ?? Limit);
        }
        finally
        {
            if (!process.HasExited) process.Kill();
        }

        return new(process.ExitCode, await output, await errors);
    }

    /// <summary>SIGTERM, which Process itself cannot send.</summary>
    public static async Task TerminateAsync(Process process)
    {
        using var term = Process.Start("kill", ["-TERM", process.Id.ToString()]);
        await term.WaitForExitAsync();
    }
}
