using Received.Billing.Access;
using Received.Billing.Store;
using Received.Server.Hosting;
using Received.Server.Options;

namespace Received.Server.Cli;

/// <summary>The data folder that a command was given.</summary>
sealed class CommandFolder(string? data)
{
    public string Folder { get; } = Settings.DataFolderOf(data);

    /// <summary>
    /// Opens the folder's billing database, which needs no lock: any number of processes use it at once.
    /// </summary>
    /// <param name="create">Whether a missing folder is made.</param>
    public Task<BillingStore> OpenBillingAsync(bool create, CancellationToken cancellation)
    {
        if (create)
        {
            DataFolder.Create(Folder);
            DataFolder.CheckAccounts(Folder);
        }
        else if (!File.Exists(Path.Combine(Folder, BillingStore.FileName)))
            throw new CommandException(
                $"{Folder} is no data folder of Received. Name one with --data; "
                + "'received account create' or 'received serve' makes it.");
        return BillingStore.OpenAsync(Folder, cancellation);
    }

    /// <summary>The account of that name; without a name the only one there is.</summary>
    public async Task<string> AccountAsync(string? name, CancellationToken cancellation)
    {
        if (name is not null) return name;
        var accounts = new AccountBook(await OpenBillingAsync(create: false, cancellation), TimeProvider.System);
        return await accounts.ListAsync(cancellation) is [var only]
            ? only.Account.Name
            : throw new CommandException("Name the account with --account; 'received account list' shows them.");
    }

    /// <summary>The server on this folder; a private one, which serves this command alone, if none runs.</summary>
    public async Task<ServerLink> LinkAsync(CancellationToken cancellation)
    {
        if (!Directory.Exists(Folder))
            throw new CommandException($"There is no folder {Folder}. Name the data folder with --data.");
        return await ServerLink.FindAsync(Folder, cancellation)
            ?? await ServerLink.OpenPrivateAsync(Folder, cancellation);
    }

    /// <summary>
    /// Has a running server read accounts and keys at once. If it cannot be reached, nothing is lost: it looks by
    /// itself, and so do others that share the folder.
    /// </summary>
    public async Task TellServerAsync(CancellationToken cancellation)
    {
        try
        {
            await using var link = await ServerLink.FindAsync(Folder, cancellation);
            if (link is not null)
                (await link.SendAsync(HttpMethod.Post, "/api/admin/reload", null, cancellation)).Dispose();
        }
        catch (Exception e) when (e is HttpRequestException or CommandException)
        {
        }
    }
}
