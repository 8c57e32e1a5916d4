using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;

namespace Received.Server.Hosting;

/// <summary>Where a started server listens.</summary>
static class ListenAddress
{
    /// <summary>The first address as a client on this machine reaches it.</summary>
    public static string Of(WebApplication app) => ForClient(All(app)[0]);

    public static IReadOnlyList<string> All(WebApplication app) =>
        [.. app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses];

    /// <summary>An address that means "every interface" is none that one can connect to.</summary>
    public static string ForClient(string address)
    {
        foreach (var any in new[] { "[::]", "0.0.0.0", "*", "+" })
        {
            var prefix = $"://{any}:";
            if (address.Contains(prefix, StringComparison.Ordinal))
                return address.Replace(prefix, "://127.0.0.1:", StringComparison.Ordinal);
        }

        return address;
    }
}
