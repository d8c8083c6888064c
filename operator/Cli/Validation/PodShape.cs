using System.Text.Json.Nodes;

namespace AgentReadiness.Cli.Validation;

/// <summary>
/// The well-known fields of a pod template, as far as their types and words have been the same in every version of Kubernetes that the
/// chart supports. Every object is open: what is not listed is passed over.
/// </summary>
internal static class PodShape
{
    private const string Name = """{"type": "string", "maxLength": 63, "pattern": "^[a-z0-9]([-a-z0-9]*[a-z0-9])?$"}""";

    private const string Text = """{"type": "string"}""";

    private const string Whole = """{"type": "integer"}""";

    private const string Flag = """{"type": "boolean"}""";

    private const string Texts = """{"type": "array", "items": {"type": "string"}}""";

    private const string TextMap = """{"type": "object", "additionalProperties": {"type": "string"}}""";

    private const string Port = """{"type": "integer", "minimum": 1, "maximum": 65535}""";

    private const string NamedPort = """{"x-kubernetes-int-or-string": true}""";

    private static readonly string Open = Object("");

    // A quantity may be a text or a number: PodHints looks at it.
    private const string Quantities = """{"type": "object", "additionalProperties": {}}""";

    private static readonly string Reference = Object($"\"name\": {Text}, \"key\": {Text}, \"optional\": {Flag}");

    private static readonly string Variable = Object(
        $"\"name\": {Text}, \"value\": {Text}, \"valueFrom\": "
            + Object(
                $"\"configMapKeyRef\": {Reference}, \"secretKeyRef\": {Reference}, \"fieldRef\": {Open}, \"resourceFieldRef\": {Open}"
            ),
        "name"
    );

    private static readonly string Scheme = Words("HTTP", "HTTPS");

    private static readonly string Request =
        $"\"host\": {Text}, \"scheme\": {Scheme}, "
        + $"\"httpHeaders\": {List(Object($"\"name\": {Text}, \"value\": {Text}", "name", "value"))}";

    private static readonly string ContainerPort = Object(
        $"\"containerPort\": {Port}, \"name\": {Text}, \"protocol\": {Words("TCP", "UDP", "SCTP")}, \"hostPort\": {Port}, "
            + $"\"hostIP\": {Text}",
        "containerPort"
    );

    private static readonly string Mount = Object(
        $"\"name\": {Text}, \"mountPath\": {Text}, \"subPath\": {Text}, \"readOnly\": {Flag}",
        "name",
        "mountPath"
    );

    private static readonly string Probe = Object(
        $"\"exec\": {Object($"\"command\": {Texts}")}, \"tcpSocket\": {Object($"\"port\": {NamedPort}", "port")}, "
            + $"\"grpc\": {Object($"\"port\": {Port}", "port")}, "
            + $"\"httpGet\": {Object($"\"path\": {Text}, \"port\": {NamedPort}, {Request}", "port")}, "
            + string.Join(
                ", ",
                (
                    (string[])
                        [
                            "initialDelaySeconds",
                            "timeoutSeconds",
                            "periodSeconds",
                            "successThreshold",
                            "failureThreshold",
                            "terminationGracePeriodSeconds",
                        ]
                ).Select(field => $"\"{field}\": {Whole}")
            )
    );

    private static readonly string Container = Object(
        $"\"name\": {Name}, \"image\": {Text}, \"command\": {Texts}, \"args\": {Texts}, \"workingDir\": {Text}, \"env\": {List(Variable)}, "
            + $"\"envFrom\": {List(Object($"\"prefix\": {Text}, \"configMapRef\": {Reference}, \"secretRef\": {Reference}"))}, "
            + $"\"ports\": {List(ContainerPort)}, "
            + $"\"resources\": {Object($"\"limits\": {Quantities}, \"requests\": {Quantities}")}, "
            + $"\"volumeMounts\": {List(Mount)}, "
            + $"\"livenessProbe\": {Probe}, \"readinessProbe\": {Probe}, \"startupProbe\": {Probe}, "
            + $"\"imagePullPolicy\": {Words("Always", "IfNotPresent", "Never")}, \"securityContext\": {Open}, \"lifecycle\": {Open}, "
            + $"\"stdin\": {Flag}, \"tty\": {Flag}",
        "name"
    );

    private static readonly string Volume = Object(
        $"\"name\": {Name}, \"configMap\": {Object($"\"name\": {Text}, \"optional\": {Flag}, \"defaultMode\": {Whole}")}, "
            + $"\"secret\": {Object($"\"secretName\": {Text}, \"optional\": {Flag}, \"defaultMode\": {Whole}")}, \"emptyDir\": {Open}, "
            + $"\"projected\": {Object($"\"sources\": {List(Open)}, \"defaultMode\": {Whole}")}, "
            + $"\"persistentVolumeClaim\": {Object($"\"claimName\": {Text}, \"readOnly\": {Flag}", "claimName")}, \"downwardAPI\": {Open}",
        "name"
    );

    /// <summary>Fields of a probe, of which it has one.</summary>
    public static IReadOnlyList<string> Handlers { get; } = ["exec", "httpGet", "tcpSocket", "grpc"];

    /// <summary>The schema of a pod template.</summary>
    public static JsonObject Template { get; } =
        (JsonObject)
            JsonNode.Parse(
                Object(
                    $"\"metadata\": {Object($"\"labels\": {TextMap}, \"annotations\": {TextMap}")}, \"spec\": "
                        + Object(
                            $"\"containers\": {List(Container)}, \"initContainers\": {List(Container)}, \"volumes\": {List(Volume)}, "
                                + $"\"nodeSelector\": {TextMap}, \"tolerations\": {List(Open)}, "
                                + $"\"affinity\": {Open}, \"imagePullSecrets\": {List(Open)}, "
                                + $"\"serviceAccountName\": {Text}, \"priorityClassName\": {Text}, "
                                + $"\"terminationGracePeriodSeconds\": {Whole}, "
                                + $"\"restartPolicy\": {Words("Always", "OnFailure", "Never")}, "
                                + $"\"securityContext\": {Open}, \"hostNetwork\": {Flag}, "
                                + $"\"hostPID\": {Flag}, \"hostIPC\": {Flag}, "
                                + $"\"shareProcessNamespace\": {Flag}, \"automountServiceAccountToken\": {Flag}, "
                                + $"\"enableServiceLinks\": {Flag}, \"topologySpreadConstraints\": {List(Open)}"
                        )
                )
            )!;

    private static string Object(string properties, params string[] required) =>
        $$"""
            {"type": "object", "x-kubernetes-preserve-unknown-fields": true, "properties": { {{properties}} },
              "required": [{{string.Join(", ", required.Select(name => $"\"{name}\""))}}]}
            """;

    private static string List(string item) => $$"""{"type": "array", "items": {{item}}}""";

    private static string Words(params string[] words) =>
        $$"""{"type": "string", "enum": [{{string.Join(", ", words.Select(word => $"\"{word}\""))}}]}""";
}
