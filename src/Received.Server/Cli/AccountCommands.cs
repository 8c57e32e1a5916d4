using System.CommandLine;
using Received.Billing.Access;

namespace Received.Server.Cli;

/// <summary>
/// <c>received account create|list</c>: written to billing.db, beside a running server or without one.
/// </summary>
static class AccountCommands
{
    public static Command Make(Output output)
    {
        var command = new Command("account", "Make and list accounts (tenants).");
        command.Subcommands.Add(MakeCreate(output));
        command.Subcommands.Add(MakeList(output));
        return command;
    }

    static Command MakeCreate(Output output)
    {
        var name = new Argument<string>("name") { Description = "The account's name, unique in this installation." };
        var negative = new Option<bool>("--allow-negative") { Description = "Take events with a negative quantity." };
        var data = CommonOptions.Data();
        var command = new Command("create", "Make an account.") { name, negative, data };
        command.SetAction((parse, cancellation) => Run.Guarded(output, async () =>
        {
            var text = parse.GetRequiredValue(name);
            if (!AccountBook.IsName(text))
                throw new CommandException(
                    $"An account name has 1 to {AccountBook.NameLengthMax} printable characters, "
                    + "no spaces at its ends.");
            var folder = new CommandFolder(parse.GetValue(data));
            var accounts = new AccountBook(
                await folder.OpenBillingAsync(create: true, cancellation), TimeProvider.System);
            var account = await accounts.CreateAsync(text, parse.GetValue(negative), cancellation)
                ?? throw new CommandException($"There is an account '{text}' already.");
            output.Line($"Account {account.Id} '{account.Name}' made.");
            await folder.TellServerAsync(cancellation);
            return ExitCode.Ok;
        }));
        return command;
    }

    static Command MakeList(Output output)
    {
        var data = CommonOptions.Data();
        var command = new Command("list", "List the accounts.") { data };
        command.SetAction((parse, cancellation) => Run.Guarded(output, async () =>
        {
            var folder = new CommandFolder(parse.GetValue(data));
            var accounts = new AccountBook(
                await folder.OpenBillingAsync(create: false, cancellation), TimeProvider.System);
            output.Table(
                ["id", "name", "negative quantities", "created"],
                (await accounts.ListAsync(cancellation)).Select(row => (IReadOnlyList<string>)
                [
                    row.Account.Id.ToString(), row.Account.Name,
                    row.Account.AllowsNegativeQuantity ? "allowed" : "refused",
                    row.CreatedAt.ToString("u"),
                ]));
            return ExitCode.Ok;
        }));
        return command;
    }
}
