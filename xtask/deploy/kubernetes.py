"""Holds the Kubernetes files against Kubernetes' own schemas and against each other, without a cluster and without
kustomize: whether every file that is listed is there, and every name that is referred to leads somewhere. Says every
fault, and fails if there is one.

Usage: kubernetes.py FOLDER_OF_A_KUSTOMIZATION [...]
"""

import re
import sys
from pathlib import Path

import kubernetes_validate
import yaml

VERSION = "1.37"
# What this check understands; a kustomization that uses more has to teach it first.
UNDERSTOOD = {
    "apiVersion",
    "kind",
    "namespace",
    "resources",
    "labels",
    "images",
    "configMapGenerator",
    "patches",
}


class Assembly:
    """What one kustomization amounts to: its documents, and the keys of each ConfigMap it makes."""

    def __init__(self, folder):
        self.faults = []
        self.documents = []
        self.settings = {}
        self.add(folder)

    def fault(self, words):
        self.faults.append(words)

    def add(self, folder):
        file = folder / "kustomization.yaml"
        if not file.is_file():
            return self.fault(f"{folder}: no kustomization.yaml")
        given = yaml.safe_load(file.read_text())
        for key in given.keys() - UNDERSTOOD:
            self.fault(f"{file}: this check does not understand `{key}`")
        for entry in given.get("resources", []):
            path = (folder / entry).resolve()
            if path.is_dir():
                if folder.resolve().is_relative_to(path):
                    self.fault(f"{file}: `{entry}` contains this folder, kustomize calls that a cycle")
                else:
                    self.add(path)
            elif path.is_file():
                self.documents += [each for each in yaml.safe_load_all(path.read_text()) if each]
            else:
                self.fault(f"{file}: there is no `{entry}`")
        for generator in given.get("configMapGenerator", []):
            self.generate(file, generator)
        for patch in given.get("patches", []):
            self.patch(file, patch["target"], yaml.safe_load(patch["patch"]))

    def patch(self, file, target, operations):
        """Changes documents as RFC 6902 says, as far as that is to replace what is there."""
        found = [
            each
            for each in self.of_kind(target["kind"])
            if each["metadata"]["name"] == target["name"]
        ]
        if not found:
            self.fault(f"{file}: a patch is for {target}, and there is none")
        for operation in operations:
            *way, last = operation["path"].lstrip("/").split("/")
            for place in found:
                for step in way:
                    place = place.get(step, {})
                if operation["op"] != "replace" or last not in place:
                    self.fault(f"{file}: this check does not understand the patch {operation}")
                else:
                    place[last] = operation["value"]

    def generate(self, file, generator):
        name, merges = generator["name"], generator.get("behavior") == "merge"
        if merges != (name in self.settings):
            self.fault(f"{file}: ConfigMap `{name}` {'is not there to merge into' if merges else 'is made twice'}")
        keys = self.settings.setdefault(name, {})
        for entry in generator.get("literals", []):
            key, _, value = entry.partition("=")
            keys[key] = value
        for entry in generator.get("files", []):
            if self.is_there(file, entry):
                keys[Path(entry).name] = (file.parent / entry).read_text()
        for entry in generator.get("envs", []):
            if self.is_there(file, entry):
                for line in (file.parent / entry).read_text().splitlines():
                    if line and not line.startswith("#"):
                        key, _, value = line.partition("=")
                        keys[key] = value

    def is_there(self, file, entry):
        if not (file.parent / entry).is_file():
            self.fault(f"{file}: there is no `{entry}`")
            return False
        return True

    def of_kind(self, *kinds):
        return [each for each in self.documents if each["kind"] in kinds]

    def check(self, secrets):
        seen = set()
        for document in self.documents:
            name = title(document)
            if name in seen:
                self.fault(f"{name} is there twice")
            seen.add(name)
            try:
                kubernetes_validate.validate(document, VERSION, strict=True)
            except kubernetes_validate.ValidationError as invalid:
                self.fault(f"{name}: {invalid.message} at {'.'.join(map(str, invalid.path))}")
        for workload in self.of_kind("Deployment", "StatefulSet"):
            self.check_workload(workload, secrets)
        self.check_selectors()
        self.check_services()

    def check_workload(self, workload, secrets):
        name, template = title(workload), workload["spec"]["template"]
        wanted = workload["spec"]["selector"]["matchLabels"]
        if not wanted.items() <= template["metadata"]["labels"].items():
            self.fault(f"{name}: its selector does not select its own pods")
        files = set()
        volumes = {each["name"]: each for each in template["spec"].get("volumes", [])}
        volumes |= {each["metadata"]["name"]: {} for each in workload["spec"].get("volumeClaimTemplates", [])}
        for volume in volumes.values():
            made = volume.get("configMap", {}).get("name")
            if made and made not in self.settings:
                self.fault(f"{name}: no ConfigMap `{made}`")
            for source in volume.get("projected", {}).get("sources", []):
                secret = source["secret"]
                files |= {f"/run/secrets/{item['path']}" for item in secret["items"]}
                if secret["name"] not in secrets:
                    self.fault(f"{name}: make-secrets.sh makes no Secret `{secret['name']}`")
        for container in template["spec"]["containers"]:
            for mount in container.get("volumeMounts", []):
                volume = volumes.get(mount["name"])
                if volume is None:
                    self.fault(f"{name}: no volume `{mount['name']}`")
                elif "subPath" in mount and mount["subPath"] not in self.settings.get(volume["configMap"]["name"], {}):
                    self.fault(f"{name}: no file `{mount['subPath']}` in its ConfigMap")
            environment = {each["name"]: each.get("value", "") for each in container.get("env", [])}
            for source in container.get("envFrom", []):
                made = source["configMapRef"]["name"]
                if made not in self.settings:
                    self.fault(f"{name}: no ConfigMap `{made}`")
                environment |= self.settings.get(made, {})
            for key, value in environment.items():
                if value.startswith("/run/secrets/") and value not in files:
                    self.fault(f"{name}: {key} is {value}, which is not mounted")

    def check_selectors(self):
        pods = [each["spec"]["template"]["metadata"]["labels"] for each in self.of_kind("Deployment", "StatefulSet")]
        part_of = {"app.kubernetes.io/part-of": "sir0"}  # put on every pod by the `labels` of the base
        for document in self.of_kind("Service", "PodDisruptionBudget", "NetworkPolicy"):
            for wanted in selectors(document["spec"]):
                if not any(wanted.items() <= (pod | part_of).items() for pod in pods):
                    self.fault(f"{title(document)}: no pod has the labels {wanted}")

    def check_services(self):
        services = {each["metadata"]["name"] for each in self.of_kind("Service")}
        deployments = {each["metadata"]["name"] for each in self.of_kind("Deployment")}
        for scaler in self.of_kind("HorizontalPodAutoscaler"):
            target = scaler["spec"]["scaleTargetRef"]["name"]
            if target not in deployments:
                self.fault(f"{title(scaler)}: no Deployment `{target}`")
        for stateful in self.of_kind("StatefulSet"):
            if stateful["spec"]["serviceName"] not in services:
                self.fault(f"{title(stateful)}: no Service `{stateful['spec']['serviceName']}`")
        for name, keys in self.settings.items():
            for key, value in keys.items():
                for host in re.findall(r"(?:://|@)([a-z0-9.-]+):\d+", value) if key.endswith("_URL") else []:
                    if "." not in host and host not in services:
                        self.fault(f"ConfigMap `{name}`: {key} leads to `{host}`, and no Service is called so")
        for host in re.findall(r"endpoint: .* address: ([a-z0-9.-]+), port_value", self.settings["envoy"]["envoy.yaml"]):
            if host != "127.0.0.1" and host not in services:
                self.fault(f"envoy.yaml leads to `{host}`, and no Service is called so")


def selectors(spec):
    """Every choice of pods in here by our labels; those of other namespaces are not ours to know."""
    if isinstance(spec, list):
        return [found for each in spec for found in selectors(each)]
    if not isinstance(spec, dict):
        return []
    found = [each["matchLabels"] for key, each in spec.items() if key in ("podSelector", "selector") and "matchLabels" in each]
    if "ports" in spec and isinstance(spec.get("selector"), dict):
        found.append(spec["selector"])
    if "namespaceSelector" in spec:
        return []
    return found + [deeper for each in spec.values() for deeper in selectors(each)]


def title(document):
    return f"{document['kind']} `{document['metadata']['name']}`"


def main(folders):
    faulty = False
    for folder in map(Path, folders):
        script = next(parent / "make-secrets.sh" for parent in folder.parents if (parent / "make-secrets.sh").is_file())
        secrets = re.search(r"^for name in (.*); do$", script.read_text(), re.MULTILINE)[1].split()
        assembly = Assembly(folder)
        if not assembly.faults:
            assembly.check(secrets)
        for words in assembly.faults:
            print(words)
        faulty = faulty or bool(assembly.faults)
        print(f"{folder.name}: {len(assembly.documents)} documents, {len(assembly.settings)} ConfigMaps")
    return faulty


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
