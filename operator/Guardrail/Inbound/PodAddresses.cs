using System.Net;

namespace AgentReadiness.Guardrail.Inbound;

/// <summary>
/// Tells requests of the pod itself from those of others: they come from the loopback address, or from the address they go to.
/// </summary>
/// <param name="own">The pod's addresses, where they are not to be found out.</param>
internal sealed class PodAddresses(IReadOnlyList<IPAddress>? own = null)
{
    /// <summary>A process of the pod made the connection.</summary>
    public bool IsOwn(ConnectionInfo connection)
    {
        if (Plain(connection.RemoteIpAddress) is not { } remote)
            return false;
        return own?.Contains(remote) ?? (IPAddress.IsLoopback(remote) || remote.Equals(Plain(connection.LocalIpAddress)));
    }

    private static IPAddress? Plain(IPAddress? address) => address?.IsIPv4MappedToIPv6 == true ? address.MapToIPv4() : address;
}
