using System.Data.Common;
using Microsoft.Extensions.Options;
using Received.Billing.Store;
using Received.Log.Segments;
using Received.Server.Options;
using Received.Usage;
using Received.Usage.Runs;

namespace Received.Server.Cli;

/// <summary>
/// Runs a command's action: what its user can mend becomes one line and exit code 1, never a stack trace.
/// </summary>
static class Run
{
    public static async Task<int> Guarded(Output output, Func<Task<int>> action)
    {
        try
        {
            return await action();
        }
        catch (Exception e) when (IsUsersToMend(e))
        {
            output.Error(e.Message);
            return ExitCode.Refused;
        }
        catch (OptionsValidationException e)
        {
            output.Error(string.Join('\n', e.Failures));
            return ExitCode.Refused;
        }
        catch (OperationCanceledException)
        {
            output.Error("Interrupted.");
            return ExitCode.Refused;
        }
    }

    static bool IsUsersToMend(Exception e) =>
        e is CommandException or SettingsException or LogRefusedException or BillingSchemaException or DbException
            or StoreUnavailableException
            or KeyIndexCorruptException or IOException or UnauthorizedAccessException or HttpRequestException;
}
