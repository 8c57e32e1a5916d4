using System.CommandLine;
using Received.Billing.Access;
using Received.Model.Access;

namespace Received.Server.Cli;

/// <summary>
/// <c>received key create|list|revoke</c>: written to billing.db; a running server follows within a second.
/// </summary>
static class KeyCommands
{
    public static Command Make(Output output)
    {
        var command = new Command("key", "Make, list and revoke API keys.");
        command.Subcommands.Add(MakeCreate(output));
        command.Subcommands.Add(MakeList(output));
        command.Subcommands.Add(MakeRevoke(output));
        return command;
    }

    static Command MakeCreate(Output output)
    {
        var account = CommonOptions.Account();
        account.Required = true;
        var scope = new Option<string[]>("--scope")
        {
            Description = $"What the key may do: {string.Join(", ", ScopeNames.All)}. May be given several times.",
            DefaultValueFactory = _ => ["usage:write", "usage:read"],
            AllowMultipleArgumentsPerToken = true,
        };
        scope.AcceptOnlyFromAmong([.. ScopeNames.All]);
        var label = new Option<string>("--label")
        {
            Description = "A note on what the key is for.",
            DefaultValueFactory = _ => "",
        };
        var data = CommonOptions.Data();
        var command = new Command("create", "Make a key; its text is shown once.") { account, scope, label, data };
        command.SetAction((parse, cancellation) => Run.Guarded(output, async () =>
        {
            var note = parse.GetValue(label)!;
            if (note.Length > KeyBook.LabelLengthMax)
                throw new CommandException($"A label has at most {KeyBook.LabelLengthMax} characters.");
            if (!ScopeNames.TryParse(parse.GetValue(scope)!, out var scopes))
                throw new CommandException("Unknown scope.");
            await CreateAsync(
                output, new CommandFolder(parse.GetValue(data)), parse.GetRequiredValue(account)!, scopes, note,
                cancellation);
            return ExitCode.Ok;
        }));
        return command;
    }

    static async Task CreateAsync(
        Output output, CommandFolder folder, string account, Scopes scopes, string label,
        CancellationToken cancellation)
    {
        var store = await folder.OpenBillingAsync(create: false, cancellation);
        var owner = await new AccountBook(store, TimeProvider.System).FindAsync(account, cancellation)
            ?? throw new CommandException($"There is no account '{account}'. 'received account list' shows them.");
        var key = await new KeyBook(store, TimeProvider.System).CreateAsync(owner, scopes, label, cancellation);
        await folder.TellServerAsync(cancellation);
        // The key alone goes to standard output, so that a script can keep it: KEY=$(received key create ...).
        output.Error($"Key {key.KeyId} of account '{owner.Name}' ({ScopeNames.Format(scopes)}). It is shown only now:");
        output.Line(key.Secret);
    }

    static Command MakeList(Output output)
    {
        var data = CommonOptions.Data();
        var command = new Command("list", "List the keys, without their text, which nobody has.") { data };
        command.SetAction((parse, cancellation) => Run.Guarded(output, async () =>
        {
            var folder = new CommandFolder(parse.GetValue(data));
            var keys = new KeyBook(await folder.OpenBillingAsync(create: false, cancellation), TimeProvider.System);
            output.Table(
                ["id", "account", "scopes", "label", "created", "revoked"],
                (await keys.ListAsync(cancellation)).Select(row => (IReadOnlyList<string>)
                [
                    row.KeyId, row.AccountName, ScopeNames.Format(row.Scopes), row.Label, row.CreatedAt.ToString("u"),
                    row.RevokedAt?.ToString("u") ?? "",
                ]));
            return ExitCode.Ok;
        }));
        return command;
    }

    static Command MakeRevoke(Output output)
    {
        var id = new Argument<string>("id") { Description = "The key's id, as 'key list' shows it." };
        var data = CommonOptions.Data();
        var command = new Command("revoke", "Revoke a key, for good.") { id, data };
        command.SetAction((parse, cancellation) => Run.Guarded(output, async () =>
        {
            var folder = new CommandFolder(parse.GetValue(data));
            var keys = new KeyBook(await folder.OpenBillingAsync(create: false, cancellation), TimeProvider.System);
            var keyId = parse.GetRequiredValue(id);
            var revocation = await keys.RevokeAsync(keyId, cancellation);
            await folder.TellServerAsync(cancellation);
            output.Line(revocation switch
            {
                Revocation.Revoked => $"Key {keyId} revoked.",
                Revocation.RevokedBefore => $"Key {keyId} had been revoked before.",
                Revocation.Unknown => throw new CommandException(
                    $"There is no key '{keyId}'. 'received key list' shows them."),
            });
            return ExitCode.Ok;
        }));
        return command;
    }
}
