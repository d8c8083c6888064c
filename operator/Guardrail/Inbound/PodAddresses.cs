using System.Net;
using System.Net.NetworkInformation;

namespace AgentReadiness.Guardrail.Inbound;

/// <summary>
/// Tells requests of the pod itself from those of others: they come from an address of the pod, or go to one that nobody else reaches.
/// </summary>
/// <param name="own">The pod's addresses, where they are not to be found out.</param>
internal sealed class PodAddresses(IReadOnlyList<IPAddress>? own = null)
{
    // A pod has its addresses before its containers start, and keeps them.
    private readonly Lazy<HashSet<IPAddress>> interfaces = new(Interfaces);

    /// <summary>A process of the pod made the connection.</summary>
    public bool IsOwn(ConnectionInfo connection)
    {
        if (Plain(connection.RemoteIpAddress) is not { } remote)
            return false;
        if (own is not null)
            return own.Contains(remote);
        // Nobody outside reaches a loopback address, whatever the source that a process of the pod chooses.
        var local = Plain(connection.LocalIpAddress);
        return IPAddress.IsLoopback(remote)
            || (local is not null && (IPAddress.IsLoopback(local) || remote.Equals(local)))
            || interfaces.Value.Contains(remote);
    }

    private static HashSet<IPAddress> Interfaces() =>
        [
            .. NetworkInterface
                .GetAllNetworkInterfaces()
                .SelectMany(one => one.GetIPProperties().UnicastAddresses)
                .Select(address => Plain(address.Address)!),
        ];

    private static IPAddress? Plain(IPAddress? address) => address?.IsIPv4MappedToIPv6 == true ? address.MapToIPv4() : address;
}
