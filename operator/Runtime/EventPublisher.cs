using k8s;
using k8s.Models;

namespace AgentReadiness.Runtime;

/// <summary>Writes an event about an object; a service of the host, with KubeOps's shape. See <see cref="EventRecorder"/>.</summary>
/// <param name="entity">The object. Where it names no kind, as items of lists do not, its type must carry
/// <see cref="KubernetesEntityAttribute"/>.</param>
/// <param name="reason">One stable UpperCamelCase word.</param>
/// <param name="message">For people; cut to 1,024 characters.</param>
/// <param name="type">Normal where absent.</param>
/// <param name="cancellationToken">Ends the try.</param>
public delegate Task EventPublisher(
    IKubernetesObject<V1ObjectMeta> entity,
    string reason,
    string message,
    EventType type = EventType.Normal,
    CancellationToken cancellationToken = default
);
